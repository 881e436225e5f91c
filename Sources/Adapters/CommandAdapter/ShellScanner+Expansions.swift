/// What a dollar sign starts.
extension ShellScanner {
  /// `$name`, `${…}`, `$(…)`, `$((…))`, `$'…'` and the special parameters.
  mutating func scanDollar() {
    let start = index
    guard let next = peek() else {
      index += 1
      return
    }
    switch next {
    case UInt8(ascii: "("):
      index += 1
      if peek() == UInt8(ascii: "(") {
        skipArithmetic()
        ends[start] = index
      } else {
        push(.substitution, from: start)
      }
    case UInt8(ascii: "'") where contexts.last != .doubleQuoted:
      index += 2
      while let byte = current, byte != UInt8(ascii: "'") { index += byte == UInt8(ascii: "\\") ? 2 : 1 }
      index += 1
      ends[start] = index
    case UInt8(ascii: "{"):
      index += 2
      if let prefix = current, prefix == UInt8(ascii: "#") || prefix == UInt8(ascii: "!"), let after = peek(),
        isNameByte(after)
      {
        index += 1
      }
      let name = readName()
      let mark = current
      let hasDefault =
        mark.map { ":-+=?".utf8.contains($0) } ?? false
        && !(mark == UInt8(ascii: ":") && !(peek().map { "-+=?".utf8.contains($0) } ?? false))
      if !name.isEmpty {
        if mark == UInt8(ascii: "=") || (mark == UInt8(ascii: ":") && peek() == UInt8(ascii: "=")) {
          assignments.append(Mention(name: name, range: start..<index))
        }
        let end = mark == UInt8(ascii: "}") ? index + 1 : index
        expansions.append(Expansion(name: name, range: start..<end, isBraced: true, hasDefault: hasDefault))
      }
      if canDescend() {
        contexts.append(.brace)
        starts.append(start)
      }
    default:
      index += 1
      let name = readName()
      if name.isEmpty {
        index += current.map { "@*#?$!-0123456789".utf8.contains($0) } ?? false ? 1 : 0
      } else {
        expansions.append(Expansion(name: name, range: start..<index, isBraced: false, hasDefault: false))
      }
    }
  }

  mutating func readName() -> String {
    let start = index
    guard let first = current, isNameByte(first), !(0x30...0x39).contains(first) else { return "" }
    while let byte = current, isNameByte(byte) { _ = byte; index += 1 }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }
}
