import Glibc
import RunbookModel
import TestSupport
import Testing

/// What a page, a step or a name can say must stay text in every view.
@Suite(.serialized) struct InertViewTests {
  /// U+0600 joins with what follows it, U+0301 with what precedes it, into one Character.
  private static let prefix = "\u{600}"
  private static let mark = "\u{301}"

  private func hidden(_ characters: String) -> String {
    characters.map { "\(Self.prefix)\($0)\(Self.mark)" }.joined(separator: " ")
  }

  /// What stands behind a `<`, without the slash of an end tag.
  private func tagName(_ text: String) -> String {
    var name = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "/", name.isEmpty { continue }
      guard scalar.isASCII, scalar.properties.isAlphabetic || scalar.value < 0x40, scalar != " ",
        scalar != ">"
      else { break }
      name.append(scalar)
    }
    return String(name)
  }

  @Test func `output, titles and pages are text in a report`() async throws {
    let scene = try Scene(
      """
      ```bash {#show effect=read}
      printf '\\xd8\\x80<img src=x onerror=alert(1)>\\xd8\\x80>\\n'
      ```
      """, front: "summary: \(hidden("<>"))\n")
    try scene.write(
      scene.text("runbooks/page.md").split(separator: "\n").map {
        $0.hasPrefix("title:") ? "title: \"\(Self.prefix)<script>\(Self.mark) &\(Self.mark)\"" : $0
      }.joined(separator: "\n"), to: "runbooks/page.md")
    let run = try await scene.run()
    #expect(run.code == 0, "\(run.errors)")
    let html = try await scene.runbook("report", try await scene.newestRun()).output
    let tags = html.unicodeScalars.split(separator: "<").dropFirst().map { tagName(String($0)) }
    let known: Set = [
      "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "h1", "p", "strong", "table", "tr", "th",
      "td", "h2", "ol", "li", "time", "div", "details", "summary", "pre",
    ]
    #expect(Set(tags).subtracting(known) == [])
    #expect(html.utf8.count { $0 == UInt8(ascii: "<") } == html.utf8.count { $0 == UInt8(ascii: ">") })
    #expect(html.contains("form-action 'none'; base-uri 'none'"))
    let markdown = try await scene.runbook("report", try await scene.newestRun(), "--as", "markdown").output
    #expect(markdown.utf8.starts(with: "# \(Self.prefix)\\<script\\>\(Self.mark) \\&\(Self.mark)\n".utf8))
  }

  @Test(arguments: ["mermaid", "dot"])
  func `a title never leaves its label in a graph`(form: String) async throws {
    let scene = try Scene(
      """
      1. A\(hidden("\"\\<>#`%&;"))

         ```bash {#one effect=read}
         true
         ```
      """)
    let graph = try await scene.runbook("graph", "page", "--env", "test", "--as", form)
    #expect(graph.code == 0, "\(graph.errors)")
    let scalars = Array(graph.output.unicodeScalars)
    let line = try #require(
      scalars.split(separator: "\n").first { $0.contains("\u{600}") }.map { Array($0) })
    var bare = 0
    for (index, scalar) in line.enumerated() where scalar == "\"" {
      var backslashes = 0
      while index > backslashes, line[index - 1 - backslashes] == "\\" { backslashes += 1 }
      if form == "mermaid" || backslashes.isMultiple(of: 2) { bare += 1 }
    }
    #expect(bare == (form == "mermaid" ? 2 : 4), "\(graph.output)")
  }

  @Test func `names that hide something are refused, and shown with all they hold`() async throws {
    let scene = try Scene("```bash {#act}\ntouch made\n```")
    let name = "n\u{1b}[31mame\nnl"
    try scene.write(scene.text("runbooks/page.md"), to: "runbooks/\(name).md")
    try scene.write("policy: {confirm: write}\n", to: "runbooks/environments/ev\u{1b}il.yaml")
    let shown = "n<U+001B>[31mame<U+000A>nl"
    for (arguments, code) in [
      (["list"], 0), (["find", "test"], 0), (["check"], 3), (["check", name], 3), (["plan", "page"], 64),
      (["plan", name, "--env", "test"], 3), (["run", name, "--env", "test", "--yes"], 3),
      (["plan", "page", "--env", "ev\u{1b}il"], 3), (["run", "no\u{1b}\nne"], 3),
      (["list", "--b\u{1b}ogus"], 64),
      (["plan", "page", "--env", "no\u{1b}\nwhere"], 3), (["log", "no\u{1b}\nne"], 1),
    ] as [([String], Int32)] {
      let ended = try await scene.start(arguments).ended()
      #expect(ended.code == code, "\(arguments): \(ended.errors)")
      let text = ended.output + ended.errors
      #expect(!text.unicodeScalars.contains("\u{1b}"), "\(arguments)")
      #expect(!text.split(separator: "\n").contains { $0.hasPrefix("nl") || $0.hasPrefix("ne'") }, "\(text)")
      if arguments == ["list"] || arguments == ["check"] { #expect(text.contains(shown), "\(text)") }
    }
    #expect(!scene.exists("made"))
  }

  @Test func `a value that is no UTF-8 is refused, not changed`() async throws {
    let scene = try Scene(
      """
      ```bash {#inner effect=read}
      '\(Built.path("runbook"))' plan page --env test -p x=$'\\xff' || test $? = 64
      ```
      """)
    let run = try await scene.run()
    #expect(run.code == 0, "\(run.output)")
    #expect(run.output.contains("is not valid UTF-8"), "\(run.output)")
  }
}
