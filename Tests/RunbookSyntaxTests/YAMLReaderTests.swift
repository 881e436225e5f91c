import RunbookDiagnostics
import RunbookSyntax
import TestSupport
import Testing

@Suite struct YAMLReaderTests {
  private func read(_ text: String) -> (YAMLNode?, [Diagnostic]) {
    YAMLReader.read(SourceFile(path: "a.yaml", bytes: Array(text.utf8)))
  }

  private func mistakesOfYAML(_ text: String) -> String {
    let file = SourceFile(path: "a.yaml", bytes: Array(text.utf8))
    return mistakes(YAMLReader.read(file).1, of: file)
  }

  @Test func `scalars stay the text that was written`() {
    let (node, found) = read(
      "a: on\nb: 010\nc: 2026-11-20\nd: ~\ne:\nf: 'no'\ng: 1e3\nh: |\n  x\n  y\ni: \"\\u00e9\\n\"\n")
    #expect(found == [])
    #expect(
      node.map(describe)
        == "{a: on, b: 010, c: 2026-11-20, d: ~, e: , f: \"no\", g: 1e3, h: |x\ny\n|, i: \"é\n\"}")
    #expect(node?["d"]?.scalar?.isNull == true)
    #expect(node?["e"]?.scalar?.isNull == true)
    #expect(node?["f"]?.scalar?.isNull == false)
  }

  @Test func `nodes and keys know where they stand, also behind other scripts`() {
    let source = Marked(
      "»»é«: »{»a«: »[»数«, »'ß'«]«}«\n»b«:\n  »- »\"c\"«\n  - »»d«: »e f«««\n»g«: »|\n  h\n  i««\n\n",
      path: "a.yaml")
    let (node, found) = YAMLReader.read(source.file)
    #expect(found == [])
    var ranges: [SourceRange] = []
    func visit(_ node: YAMLNode) {
      ranges.append(node.range)
      for entry in node.entries ?? [] {
        ranges.append(entry.keyRange)
        visit(entry.value)
      }
      for element in node.elements ?? [] { visit(element) }
    }
    if let node { visit(node) }
    #expect(ranges.map(source.file.text) == source.ranges.map(source.file.text))
    #expect(ranges == source.ranges)
  }

  @Test func `what changes the meaning of a text elsewhere is refused`() {
    #expect(
      mistakesOfYAML("a: &x 1\nb: *x\nc: !!str 2\nd: !local {}\ne: &y [1]\n") == """
        1:4 &x 1| RB0111 a YAML anchor '&x', which runbooks do not have
        2:4 *x| RB0111 a YAML alias, which runbooks do not have
        3:4 !!str 2| RB0112 a YAML tag '!!str', which runbooks do not have
        4:4 | RB0112 a YAML tag '!local', which runbooks do not have
        5:4 | RB0111 a YAML anchor '&y', which runbooks do not have
        """)
    #expect(
      mistakesOfYAML("%YAML 1.1\n---\na: 1\n")
        == "1:1 %YAML 1.1\n---| RB0114 a YAML directive, which runbooks do not have")
    #expect(
      mistakesOfYAML("a: 1\n---\nb: 2\n") == "2:1 ---| RB0114 a second YAML document where one is expected")
  }

  @Test func `a key is there once, and is a name`() {
    #expect(
      mistakesOfYAML("a: 1\nb: {c: 2, 'c': 3}\na: 4\n") == """
        2:11 'c'| RB0113 the key 'c' is here for the second time
        3:1 a| RB0113 the key 'a' is here for the second time
        """)
    #expect(
      mistakesOfYAML("[x]: 1\n? {y: 2}\n: 3\nz: 4\n") == """
        1:1 [x]| RB0116 a YAML key that is no plain name
        2:3 {y: 2}| RB0116 a YAML key that is no plain name
        """)
    #expect(read("[x]: 1\n? {y: 2}\n: 3\nz: 4\nz: 5\n").0.map(describe) == "{z: 4}")
  }

  @Test(arguments: [
    ("a: [1\nb: 2\n", "2:2 | RB0110 no valid YAML: did not find expected ',' or ']'"),
    ("é: 'x\n", "1:5 | RB0110 no valid YAML: found unexpected end of stream"),
    ("a: {b: [c\n\n", "1:8 | RB0110 no valid YAML: did not find expected ',' or ']'"),
    ("a: b: c\n", "1:5 | RB0110 no valid YAML: mapping values are not allowed in this context"),
    ("é: \u{7}x\n", "1:5 | RB0110 no valid YAML: control characters are not allowed"),
    ("a:\n\t- b\n", "2:1 | RB0110 no valid YAML: a tab; YAML indents with blanks"),
    ("a: @b\n", "1:4 | RB0110 no valid YAML: found character that cannot start any token"),
  ])
  func `what the grammar refuses is named at its place, or where the unfinished began`(
    text: String, expected: String
  ) {
    #expect(mistakesOfYAML(text) == expected)
    #expect(read(text).0 == nil)
  }

  @Test func `nothing is no value`() {
    #expect(read("").0 == nil)
    #expect(read("# only a comment\n").0 == nil)
    #expect(read("").1 == [])
  }

  @Test func `depth and size have limits`() {
    let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    #expect(read(deep).1.map(\.code) == [.yamlTooLarge])
    #expect(read(deep).0 == nil)
    #expect(read(String(repeating: "[", count: 32) + String(repeating: "]", count: 32)).1 == [])
    #expect(read(String(repeating: "[", count: 200_000)).1.map(\.code) == [.yamlTooLarge])
    let wide = "[" + String(repeating: "1,", count: 20_000) + "]"
    #expect(read(wide).1.map(\.code) == [.yamlTooLarge])
  }

  @Test func `a byte order mark and CRLF change nothing`() {
    let source = Marked("\u{FEFF}a: »b«\r\nc:\r\n  - »d«\r\n", path: "a.yaml")
    let (node, found) = YAMLReader.read(source.file)
    #expect(found == [])
    #expect(node.map(describe) == "{a: b, c: [d]}")
    #expect([node?["a"]?.range, node?["c"]?.elements?.first?.range] == source.ranges)
  }

  @Test func `the body of a fence in a quote is read where it stands`() throws {
    let source = Marked("> ```ask {#a}\n> question: »Which?«\n> choices: [»x«, y]\n> ```\n")
    guard case .fence(let fence)? = Document.parse(source.file).0.blocks.first else {
      Issue.record("no fence")
      return
    }
    let (node, found) = YAMLReader.read(fence.body)
    #expect(found == [])
    #expect([node?["question"]?.range, node?["choices"]?.elements?.first?.range] == source.ranges)
  }
}
