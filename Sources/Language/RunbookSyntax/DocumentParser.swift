import RunbookDiagnostics

/// The steps from a file to a document.
struct DocumentParser {
  /// Largest file that is read. The parser needs ten times the size in memory.
  static let sizeLimit = 8 * 1_048_576

  private let file: SourceFile
  private var diagnostics: [Diagnostic] = []

  init(_ file: SourceFile) { self.file = file }

  /// - Parameter readsBlocks: Whether the Markdown is read too.
  mutating func parse(readsBlocks: Bool = true) -> (Document, [Diagnostic]) {
    guard file.bytes.count <= Self.sizeLimit else {
      return (emptyDocument, [.fileTooLarge(limit: Self.sizeLimit)])
    }
    if file.bytes.starts(with: [0xFF, 0xFE]) || file.bytes.starts(with: [0xFE, 0xFF]) {
      return (emptyDocument, [.utf16()])
    }
    let frontMatter = FrontMatter(file)
    var blocks: [Block] = []
    file.bytes.withUnsafeBufferPointer { bytes in
      if frontMatter.isRunbook { checkBytes(bytes) }
      checkShape(bytes, frontMatter: frontMatter)
      if frontMatter.isRunbook, let range = frontMatter.range {
        diagnostics += frontMatter.diagnostics
        diagnostics += HiddenCharacters.diagnostics(in: range, of: bytes, place: "the front matter")
      }
      guard readsBlocks else { return }
      let found: [Diagnostic]
      (blocks, found) = readBlocks(bytes, frontMatter: frontMatter)
      if frontMatter.isRunbook { diagnostics += found }
    }
    let document = Document(
      file: file, frontMatterRange: frontMatter.range, frontMatter: frontMatter.node,
      isRunbook: frontMatter.isRunbook, blocks: blocks)
    return (document, diagnostics.inSourceOrder())
  }

  private var emptyDocument: Document {
    Document(file: file, frontMatterRange: nil, frontMatter: nil, isRunbook: false, blocks: [])
  }

  private func readBlocks(
    _ bytes: UnsafeBufferPointer<UInt8>, frontMatter: FrontMatter
  ) -> ([Block], [Diagnostic]) {
    guard bytes.firstOffset(of: 0, in: 0..<bytes.count) != nil else {
      return readBlocks(bytes, parsedBytes: bytes, frontMatter: frontMatter)
    }
    return bytes.map { $0 == 0 ? 1 : $0 }.withUnsafeBufferPointer {
      readBlocks(bytes, parsedBytes: $0, frontMatter: frontMatter)
    }
  }

  private func readBlocks(
    _ bytes: UnsafeBufferPointer<UInt8>, parsedBytes: UnsafeBufferPointer<UInt8>, frontMatter: FrontMatter
  ) -> ([Block], [Diagnostic]) {
    let tree = MarkdownTree(parsing: parsedBytes.slice(frontMatter.contentStart..<bytes.count))
    return file.lineStarts.withUnsafeBufferPointer { lineStarts in
      let page = Page(
        bytes: bytes, parsedBytes: parsedBytes, lineStarts: lineStarts, content: frontMatter.contentStart,
        firstLine: frontMatter.lineCount)
      return tree.withRoot { root in
        var reader = BlockReader(page)
        reader.read(root)
        return (reader.blocks, reader.diagnostics)
      }
    }
  }

  /// UTF-8 and NUL: the first of either.
  private mutating func checkBytes(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let range = firstInvalidUTF8(in: bytes) {
      diagnostics.append(.invalidUTF8(byte: bytes[range.start], at: range))
    }
    if let nul = bytes.firstOffset(of: 0, in: 0..<bytes.count) {
      diagnostics.append(.nulByte(at: SourceRange(nul..<nul + 1)))
    }
  }

  private func firstInvalidUTF8(in bytes: UnsafeBufferPointer<UInt8>) -> SourceRange? {
    var offset = ASCII.prefixCount(of: bytes, from: 0)
    while offset < bytes.count {
      var iterator = bytes[offset..<min(bytes.count, offset + 4)].makeIterator()
      var codec = UTF8()
      guard case .scalarValue(let scalar) = codec.decode(&iterator) else {
        return SourceRange(offset..<offset + 1)
      }
      offset = ASCII.prefixCount(of: bytes, from: offset + UTF8.width(scalar))
    }
    return nil
  }

  /// Pages that were meant to be runbooks, and are none because of their form.
  private mutating func checkShape(_ bytes: UnsafeBufferPointer<UInt8>, frontMatter: FrontMatter) {
    guard !frontMatter.isRunbook else { return }
    let first = file.rangeOfLine(1)
    let isOneLine = file.lineStarts.dropFirst().allSatisfy { $0 == bytes.count }
    if isOneLine, let fence = bytes.firstOffset(of: "```", in: first.offsets),
      bytes.firstOffset(of: "```", in: fence + 3..<first.end) != nil,
      bytes.firstOffset(of: "runbook:", in: first.offsets) != nil
        || bytes.claimedStep(in: first.offsets) != nil
    {
      diagnostics.append(.oneLongLine(at: SourceRange(start: 0, end: first.end)))
    }
    switch frontMatter.mishap {
    case .unclosed(let range): diagnostics.append(.unclosedFrontMatter(at: range))
    case .misplaced(let range): diagnostics.append(.misplacedFrontMatter(at: range))
    case nil: break
    }
  }
}
