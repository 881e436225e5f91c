import CommandAdapter
import ComposeAdapter
import HealthAdapter
import PostgresAdapter
import RedisAdapter
import RunbookAdapter
import RunbookCompiler
import RunbookDiagnostics
import RunbookFilters
import RunbookModel
import RunbookSyntax

/// The adapters of the program.
let registry = AdapterRegistry([
  CommandAdapter(), ComposeAdapter(), HealthAdapter(), PostgresAdapter(), RedisAdapter(),
])

/// A page and what came of it.
struct CompiledPage {
  let file: SourceFile
  let runbook: Runbook?
  let diagnostics: [Diagnostic]

  /// Parses and compiles a whole page; its filters by jq where `compilesFilters`.
  init(_ text: String, isStrict: Bool = false, compilesFilters: Bool = false, path: String = "page.md") {
    file = SourceFile(path: path, bytes: Array(text.utf8))
    let (document, found) = Document.parse(file)
    let (runbook, more) = Compiler(adapters: registry, isStrict: isStrict).compile(
      document, name: "page", digest: Digest("sha256:page"), filters: compilesFilters ? FilterCheck() : nil)
    let all = (found + more).inSourceOrder()
    self.runbook = all.hasErrors ? nil : runbook
    diagnostics = all
  }

  /// A page of the smallest front matter: the body begins on line 4.
  init(body: String, isStrict: Bool = false, compilesFilters: Bool = false) {
    self.init("---\nrunbook: 1\n---\n" + body, isStrict: isStrict, compilesFilters: compilesFilters)
  }

  /// All diagnostics as a person sees them.
  var output: String { diagnostics.map { $0.rendered(in: file) }.joined(separator: "\n") }

  /// One line for each diagnostic: place, severity, message and code.
  var lines: [String] {
    diagnostics.map { diagnostic in
      let position = file.position(ofOffset: diagnostic.range.start)
      let place = "\(position.line):\(position.column)"
      let note = diagnostic.notes.isEmpty ? "" : " (\(diagnostic.notes.joined(separator: "; ")))"
      return "\(place) \(diagnostic.severity) \(diagnostic.code.rawValue): \(diagnostic.message)\(note)"
    }
  }

  /// The step of that name.
  func step(_ id: String) -> Step? { runbook?.steps.first { $0.id == StepID(id) } }
}

/// An environment file and what came of it.
struct ReadEnvironment {
  let file: SourceFile
  let environment: Environment?
  let diagnostics: [Diagnostic]

  /// Reads `text` as `/repo/runbooks/environments/<name>.yaml`.
  init(_ text: String, name: String = "demo") {
    file = SourceFile(path: "\(name).yaml", bytes: Array(text.utf8))
    (environment, diagnostics) = EnvironmentReader(registry: registry).read(
      file, name: name, digest: Digest("sha256:environment"), directory: "/repo/runbooks/environments")
  }

  /// All diagnostics as a person sees them.
  var output: String { diagnostics.map { $0.rendered(in: file) }.joined(separator: "\n") }
}
