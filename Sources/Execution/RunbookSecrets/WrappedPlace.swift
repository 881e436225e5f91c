/// Where a scan is in a text that ends of lines cut into pieces, as base64 is written in mail and in PEM (RFC 2045,
/// section 6.8; RFC 7468, section 2): in lines of at least 16 bytes, the first and the last of which may be shorter,
/// ended by LF or CR LF.
struct WrappedPlace {
  /// What the automaton made of the bytes without the ends of lines.
  fileprivate var node: Int
  /// The ends of lines inside of that, as ranges of the stream.
  fileprivate var breaks: [Range<Int>]
  /// Behind a CR, which counts only with its LF.
  fileprivate var wantsLineFeed: Bool

  /// Where the last `count` bytes begin that stand before `end`, ends of lines not counted.
  fileprivate func start(of count: Int, before end: Int) -> Int {
    var end = end
    var rest = count
    for line in breaks.reversed() {
      guard end >= line.upperBound else { continue }
      if rest <= end - line.upperBound { break }
      rest -= end - line.upperBound
      end = line.lowerBound
    }
    return end - rest
  }
}

extension MaskAutomaton {
  /// No shorter line stands between two others. Not below the window, which holds one end of a line at the most.
  private static let leastLine = 16

  /// Takes the next byte of a text with ends of lines in it.
  ///
  /// - Parameters:
  ///   - node: Before the byte, of the text as it is.
  ///   - end: Behind the byte.
  ///   - place: nil where no end of a line stands inside of what may become a match.
  /// - Returns: A match over ends of lines.
  func wrap(_ byte: UInt8, after node: Int, endingAt end: Int, _ place: inout WrappedPlace?) -> Range<Int>? {
    if byte == 0x0a || byte == 0x0d {
      breakLine(byte, after: node, endingAt: end, &place)
      return nil
    }
    guard var current = place, !current.wantsLineFeed, let line = current.breaks.last else {
      place = nil
      return nil
    }
    current.node = Int(next[current.node * columnCount + Int(columns[Int(byte)])])
    let count = end - line.upperBound
    // All of it is behind the last end of a line: the automaton itself sees it.
    place = Int(wrappedDepths[current.node]) > count ? current : nil
    let length = Int(wrappedMatches[current.node])
    return length > count ? current.start(of: length, before: end)..<end : nil
  }

  private func breakLine(_ byte: UInt8, after node: Int, endingAt end: Int, _ place: inout WrappedPlace?) {
    if var current = place, current.wantsLineFeed, byte == 0x0a {
      let line = current.breaks.removeLast()
      current.breaks.append(line.lowerBound..<end)
      current.wantsLineFeed = false
      place = current
      return
    }
    var current = place ?? WrappedPlace(node: node, breaks: [], wantsLineFeed: false)
    if current.wantsLineFeed || current.breaks.last.map({ end - 1 - $0.upperBound < Self.leastLine }) ?? false
    {
      // No line of such a text: at the most one begins here.
      current = WrappedPlace(node: node, breaks: [], wantsLineFeed: false)
    }
    guard wrappedDepths[current.node] > 0 else {
      place = nil
      return
    }
    current.breaks.removeAll { [start = heldStart(current, before: end - 1)] in $0.lowerBound < start }
    current.breaks.append((end - 1)..<end)
    current.wantsLineFeed = byte == 0x0d
    place = current
  }

  /// Where the bytes before `end` begin that may still become part of a match over ends of lines.
  func heldStart(_ place: WrappedPlace, before end: Int) -> Int {
    place.start(of: Int(wrappedDepths[place.node]), before: end)
  }
}
