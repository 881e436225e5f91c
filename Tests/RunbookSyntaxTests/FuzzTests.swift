import RunbookDiagnostics
import RunbookSyntax
import Testing

/// Pages that no one would write: a fixed sample of many random ones.
@Suite struct FuzzTests {
  private static let seeds = [
    runbook(
      """
      # A <!-- if="$x" -->

      1. Text:

         ```http {#a on=api k="v \\" w" .undo}
         #| if: $b.c == "d"
         #| outputs: {x: .y, z: [1, 'q']}
         GET /ready
         ```

      - [ ] Task `code` [link](u) <!-- #b evidence -->

        > ~~~sql {#c}
        > --| expect: >-
        > --|   .row_count == 1
        > SELECT 1
        > ~~~

      | a | b |
      |---|---|
      | c | d <!-- #e --> |

      <details>
      <!-- .f -->
      ```sh { "id": "g" }
      </details>
      \t- tab
      \t\t```js {1,3}
      \t\tx
      """),
    "---\nrunbook: 1\na: &b [c, {d: 'e', \"f\\n\": g}]\nh: |\n  i\n---\n- - - ```\n      x\n",
  ]

  private let alphabet: [[UInt8]] =
    [
      "`", "```", "~~~", "{", "}", "#", "{#x", "\"", "'", "=", " ", "  ", "\t", "\n", "\r", "\r\n", "> ",
      "- ", "1. ", "- [ ] ",
      "<!--", "-->", "|", "#| ", "--| ", ": ", "[", "]", "é", "\u{202E}", "---\n", "&", "*", "\\", "<div>",
      "\u{FEFF}",
    ].map { Array($0.utf8) } + [[0x00], [0xFF], [0xC3], [0xE2, 0x80]]

  @Test(arguments: 0..<8)
  func `no bytes crash the parser, and all places lie in the file`(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    for _ in 0..<60 {
      var bytes = Array((Self.seeds.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 1...12, using: &random) { mutate(&bytes, using: &random) }
      check(bytes)
    }
  }

  private func mutate(_ bytes: inout [UInt8], using random: inout SplitMix64) {
    let start = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, start + Int.random(in: 0...20, using: &random))
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes.removeSubrange(start..<end)
    case 1:
      bytes.insert(contentsOf: Array(bytes[start..<end]), at: Int.random(in: 0...bytes.count, using: &random))
    case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: start)
    case 3: bytes = Array(bytes.prefix(max(20, start)))
    default: bytes.insert(contentsOf: alphabet.randomElement(using: &random) ?? [], at: start)
    }
  }

  private func check(_ bytes: [UInt8]) {
    let file = SourceFile(path: "fuzz.md", bytes: bytes)
    let (document, diagnostics) = Document.parse(file)
    let (again, same) = Document.parse(file)
    #expect(again == document && same == diagnostics)
    for diagnostic in diagnostics {
      #expect(isInside(diagnostic.range, of: file), "\(diagnostic) in \(bytes)")
      #expect(!diagnostic.rendered(in: file).isEmpty)
    }
    if !document.isRunbook { #expect(!diagnostics.contains { $0.code == .unclosedFence }) }
    for block in document.blocks { check(block, of: file) }
    if let node = document.frontMatter { check(node, of: file) }
  }

  private func check(_ block: Block, of file: SourceFile) {
    #expect(isInside(block.range, of: file), "\(block) in \(file.bytes)")
    switch block {
    case .heading(let heading): heading.attributes.map { check($0, of: file) }
    case .paragraph: break
    case .task(let task):
      #expect(isInside(task.textRange, of: file))
      task.attributes.map { check($0, of: file) }
    case .fence(let fence):
      #expect(isInside(fence.openingRange, of: file))
      #expect(isInside(fence.infoRange, of: file))
      fence.attributes.map { check($0, of: file) }
      check(fence.text, of: file)
      check(fence.body, of: file)
    }
  }

  private func check(_ attributes: Attributes, of file: SourceFile) {
    #expect(isInside(attributes.range, of: file))
    for name in attributes.classes + [attributes.id].compactMap(\.self) {
      #expect(isInside(name.range, of: file))
    }
    for value in attributes.values {
      #expect(isInside(value.name.range, of: file))
      check(value.value, of: file)
    }
  }

  private func check(_ node: YAMLNode, of file: SourceFile) {
    #expect(isInside(node.range, of: file))
    if let scalar = node.scalar, let start = scalar.verbatimStart {
      let end = start + scalar.text.utf8.count
      #expect(end <= file.bytes.count && file.bytes[start..<end].elementsEqual(scalar.text.utf8))
    }
    for element in node.elements ?? [] { check(element, of: file) }
    for entry in node.entries ?? [] {
      #expect(isInside(entry.keyRange, of: file))
      check(entry.value, of: file)
    }
  }

  /// Each byte of a fence stands in the file where the text says, and in this order.
  private func check(_ text: MappedText, of file: SourceFile) {
    var last = 0
    for (offset, byte) in text.bytes.enumerated() {
      let source = text.sourceOffset(of: offset)
      guard source >= last, source < file.bytes.count else {
        Issue.record("byte \(offset) at \(source) of \(file.bytes)")
        return
      }
      last = source
      let found = file.bytes[source]
      #expect(
        found == byte || byte == 0x0A && found == 0x0D || byte == 0x20 && found == 0x09,
        "\(offset) in \(file.bytes)")
    }
    let end = text.sourceOffset(of: text.count)
    #expect(end >= last && end <= file.bytes.count)
  }

  private func isInside(_ range: SourceRange, of file: SourceFile) -> Bool {
    range.start >= 0 && range.start <= range.end && range.end <= file.bytes.count
  }
}
