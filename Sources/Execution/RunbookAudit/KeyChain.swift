import RunbookModel

/// The keys that sign a log, one after the other, as a verifier comes to believe in them.
///
/// An event that names a new key proves nothing: whoever wrote the journal wrote it. A key counts from the checkpoint
/// on that covers this very event as its last one and that the key before it signed too.
struct KeyChain {
  /// Those that count, oldest first.
  private(set) var keys: [VerifierKey] = []
  /// For each of `keys`, the number of the first event that the key before it does not vouch for; 0 for the first.
  private(set) var beginnings: [UInt64] = []
  /// The next one: named, and not signed for yet by both.
  private(set) var coming: (key: VerifierKey, size: UInt64)?

  /// The key that must have signed.
  var current: VerifierKey? { keys.last }

  /// Takes in an event that names a key.
  ///
  /// - Parameters:
  ///   - isRotation: Whether it names a key that is to follow another one.
  ///   - size: Events up to and with this one.
  /// - Returns: What is wrong with it; the key does not count then.
  mutating func add(_ data: JSONValue, isRotation: Bool, size: UInt64) -> String? {
    guard let text = data["key"]?.string else { return isRotation ? "it names no key" : nil }
    guard let key = VerifierKey(text) else { return "it names a key that is none" }
    guard let last = keys.last else {
      guard !isRotation else { return "the log changes its key before it has one" }
      keys.append(key)
      beginnings.append(0)
      return nil
    }
    if !isRotation { return "the log gets a first key again" }
    if coming != nil { return "the key changes again before both keys signed for the change before" }
    if key.name != last.name { return "the key has another name" }
    if data["from"]?.string != last.description { return "the key before it was another one" }
    coming = (key, size)
    return nil
  }

  /// Takes in a checkpoint that the current key signed.
  mutating func add(_ note: SignedNote, size: UInt64) {
    guard let coming, coming.size == size, note.isSigned(by: coming.key) else { return }
    keys.append(coming.key)
    beginnings.append(size)
    self.coming = nil
  }

  /// Gives up the next key once every checkpoint over `size` events is known; nil where none was due there.
  mutating func refuse(at size: UInt64) -> VerifierKey? {
    guard let coming, coming.size <= size else { return nil }
    self.coming = nil
    return coming.key
  }
}
