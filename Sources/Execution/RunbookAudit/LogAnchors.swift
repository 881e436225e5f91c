import Glibc

/// `anchors/`: what others gave back for a checkpoint, and the way to the system's log.
///
/// `SIZE.checkpoint` with the time stamp `SIZE.tsr` over it (RFC 3161), and `SIZE.cosigned`, a checkpoint that witnesses
/// signed too.
public struct LogAnchors: Sendable {
  /// Bytes of a file; a time stamp with its certificates has some thousand.
  static let fileLimit = 1 << 18
  /// Files that are looked at: what is held in memory is bounded by it.
  static let limit = 100_000

  private let folder: Descriptor

  /// The folder, opened already.
  init(folder: Descriptor) { self.folder = folder }

  /// The folder of a store; made if it is missing.
  public static func open(_ location: StoreLocation) throws(AuditFailure) -> LogAnchors {
    guard let root = try StoreDirectory.open(location.path, creating: false),
      let folder = try StoreDirectory.open("anchors", in: root, creating: true)
    else { throw .notFound("'\(location.path)' holds no log") }
    return LogAnchors(folder: folder)
  }

  /// Stores a file; durable when it returns. One of that name is replaced.
  public func keep(_ bytes: [UInt8], as name: String) throws(AuditFailure) {
    try locked { () throws(AuditFailure) in try put(bytes, as: name) }
  }

  /// Runs `body` while no other process stores anything here.
  private func locked<R>(_ body: () throws(AuditFailure) -> R) throws(AuditFailure) -> R {
    guard Descriptor.retrying({ flock(folder.rawValue, LOCK_EX) }) == 0 else {
      throw .system(errno, "lock 'anchors'")
    }
    defer { flock(folder.rawValue, LOCK_UN) }
    return try body()
  }

  private func put(_ bytes: [UInt8], as name: String) throws(AuditFailure) {
    guard let file = try Descriptor.open("draft", in: folder, O_WRONLY | O_CREAT | O_TRUNC) else {
      throw .unavailable("'anchors' of the store vanished")
    }
    try bytes.withBytes { (buffer) throws(AuditFailure) in try file.write(buffer) }
    try file.sync()
    guard renameat(folder.rawValue, "draft", folder.rawValue, name) == 0 else {
      throw .system(errno, "name 'anchors/\(name)'")
    }
    try folder.sync()
  }

  /// Stores a checkpoint that a witness signed, with what other witnesses signed for the same one before.
  ///
  /// - Returns: The file's name.
  public func keep(_ cosigned: SignedNote) throws(AuditFailure) -> String {
    guard let checkpoint = Checkpoint(cosigned.text) else {
      throw .tampered("a co-signed note is no checkpoint")
    }
    let name = Name(size: checkpoint.size, kind: .cosigned).text
    try locked { () throws(AuditFailure) in
      try put(Array(merged(cosigned, name).description.utf8), as: name)
    }
    return name
  }

  /// A co-signed checkpoint with the signatures that are kept under that name already.
  private func merged(_ cosigned: SignedNote, _ name: String) throws(AuditFailure) -> SignedNote {
    var note = cosigned
    if let bytes = try bytes(of: name), let old = SignedNote(String(decoding: bytes, as: UTF8.self)),
      old.text == note.text
    {
      let others = old.signatures.filter { old in
        !note.signatures.contains { $0.name == old.name && $0.id == old.id }
      }
      // A note of more is none (signed-note).
      note = SignedNote(text: note.text, signatures: Array((note.signatures + others).prefix(100)))
    }
    return note
  }

  /// The size of the last checkpoint in here that `key` signed; 0 where there is none.
  public func lastSize(signedBy key: WitnessKey) throws(AuditFailure) -> UInt64 {
    for name in try names().reversed() where name.kind == .cosigned {
      guard let bytes = try bytes(of: name.text),
        let note = SignedNote(String(decoding: bytes, as: UTF8.self)),
        let checkpoint = Checkpoint(note.text), checkpoint.size == name.size, case .holds = key.judge(note)
      else { continue }
      return name.size
    }
    return 0
  }

  /// The content of a file; nil where there is none, it is no plain file, or it is too long to be an anchor.
  func bytes(of name: String) throws(AuditFailure) -> [UInt8]? {
    guard let file = try Descriptor.open(name, in: folder, O_RDONLY) else { return nil }
    let status = try file.status()
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.fileLimit else { return nil }
    return try file.bytes(0..<Int(status.st_size))
  }

  /// A file's name: what it is, and over how many events.
  struct Name: Hashable, Comparable {
    /// What a file holds.
    enum Kind: String {
      case checkpoint, tsr, cosigned
    }

    let size: UInt64
    let kind: Kind

    var text: String { "\(size).\(kind.rawValue)" }

    static func < (a: Self, b: Self) -> Bool { (a.size, a.kind.rawValue) < (b.size, b.kind.rawValue) }
  }

  /// The anchors by size; other files do not count.
  func names() throws(AuditFailure) -> [Name] {
    let raw = openat(folder.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0, let list = fdopendir(raw) else { throw .system(errno, "list 'anchors'") }
    defer { closedir(list) }
    var names: [Name] = []
    while let entry = readdir(list) {
      let text = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let size = UInt64(parts[0]), let kind = Name.Kind(rawValue: String(parts[1]))
      else { continue }
      let name = Name(size: size, kind: kind)
      guard name.text == text else { continue }
      guard names.count < Self.limit else {
        throw .unavailable("'anchors' holds more than \(Self.limit) files, which nobody leaves there")
      }
      names.append(name)
    }
    return names.sorted()
  }

  /// Sends one line to `/dev/log`, within a second.
  public static func sendToSyslog(_ text: String) throws(AuditFailure) {
    let clock = AuditClock.system
    try SyslogSink("/dev/log").write(
      Array(text.utf8), until: clock.monotonic() + 1_000_000_000, clock: clock)
  }
}
