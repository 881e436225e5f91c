import Glibc
import RunbookAdapter
import RunbookAudit
import RunbookCompiler
import RunbookDiagnostics
import RunbookFilters
import RunbookModel
import RunbookSyntax

/// Reads pages and environments from disk and takes them through the compiler.
struct Workspace {
  /// What came of one page.
  struct Page {
    let entry: RunbookLibrary.Entry
    let file: SourceFile
    let document: Document
    /// nil where there are errors.
    let runbook: Runbook?
    let diagnostics: [Diagnostic]

    /// Whether the front matter says that it is a runbook.
    var isRunbook: Bool { document.isRunbook }
  }

  let registry: AdapterRegistry
  let isStrict: Bool

  /// A workspace with the standard adapters.
  init(registry: AdapterRegistry = .standard, isStrict: Bool = false) {
    self.registry = registry
    self.isStrict = isStrict
  }

  /// Reads and compiles one page.
  ///
  /// - Parameter checksFilters: Whether jq compiles every filter too: tens of milliseconds.
  /// - Throws: `Files.Failure` where it cannot be read.
  func page(_ entry: RunbookLibrary.Entry, checksFilters: Bool = true) throws -> Page {
    let file = try source(entry.path)
    let (document, syntax) = Document.parse(file)
    guard document.isRunbook else {
      return Page(entry: entry, file: file, document: document, runbook: nil, diagnostics: syntax)
    }
    let compiler = Compiler(adapters: registry, isStrict: isStrict)
    let (runbook, found) = compiler.compile(
      document, name: entry.name, digest: try Self.digest(of: file.bytes),
      filters: checksFilters ? FilterCheck() : nil)
    let all = (Self.nameProblem(entry.name) + syntax + found).sorted {
      ($0.range.start, $0.range.end) < ($1.range.start, $1.range.end)
    }
    return Page(entry: entry, file: file, document: document, runbook: runbook, diagnostics: all)
  }

  /// Reads the front matter of one page alone.
  ///
  /// - Returns: nil where the page is no runbook; no header where its front matter has errors.
  func header(of entry: RunbookLibrary.Entry) throws -> (SourceFile, Runbook.Header?)? {
    let file = try source(entry.path)
    var (document, syntax) = Document.parseFrontMatter(of: file)
    guard document.isRunbook else { return syntax.hasErrors ? (file, nil) : nil }
    // Such a page is called by its first heading.
    if document.frontMatter?["title"] == nil { (document, syntax) = Document.parse(file) }
    let (header, found) = Compiler.header(of: document, name: entry.name)
    return (file, (syntax + found).hasErrors ? nil : header)
  }

  /// Reads one environment beside a page.
  ///
  /// - Throws: `Files.Failure` where it cannot be read, or a link leads out of the library.
  func environment(
    _ name: String, of entry: RunbookLibrary.Entry
  ) throws -> (environment: Environment?, file: SourceFile, diagnostics: [Diagnostic]) {
    let path = entry.environmentPath(name)
    if let real = Files.realPath(path), !Files.isBelow(entry.root, real) {
      throw Files.Failure(path: path, reason: "leads out of \(entry.root) by a symbolic link")
    }
    let file = try source(path)
    let (environment, diagnostics) = EnvironmentReader(registry: registry).read(
      file, name: name, digest: try Self.digest(of: file.bytes),
      directory: Files.parent(of: entry.environmentPath(name)))
    return (environment, file, Self.nameProblem(name) + diagnostics)
  }

  /// A file's name is what people confirm and find in the log: all of it has to be seen.
  private static func nameProblem(_ name: String) -> [Diagnostic] {
    let shown = TerminalText.inert(name)
    guard !shown.utf8.elementsEqual(name.utf8) else { return [] }
    return [
      Diagnostic(
        .invisibleCharacter, .error, "the file's name '\(shown)' holds characters that are not shown",
        at: SourceRange(at: 0), notes: ["rename the file"])
    ]
  }

  /// `--env`, else RUNBOOK_ENV, else the only one allowed that is not protected, else what a person answers.
  ///
  /// - Parameter ask: Who asks a person; nil where nobody is there.
  func environmentName(
    _ given: String?, for runbook: Runbook, of entry: RunbookLibrary.Entry,
    ask: () -> EnvironmentQuestion?
  ) throws -> String {
    let available = entry.environmentNames
    let allowed =
      runbook.header.environments.isEmpty
      ? available : available.filter { runbook.header.environments.contains($0) }
    if let name = given ?? ProcessInfo.environment("RUNBOOK_ENV"), !name.isEmpty {
      guard available.contains(name) else {
        var message = "no environment is named '\(name)' in \(entry.root)/environments"
        if let nearest = NearestName.match(name, among: available) {
          message += "; did you mean '\(nearest)'?"
        }
        throw CommandFailure(message, exitCode: 3)
      }
      guard allowed.contains(name) else {
        throw CommandFailure(
          "'\(runbook.name)' may not run in '\(name)': its page allows \(runbook.header.environments.joined(separator: ", "))",
          exitCode: 6)
      }
      return name
    }
    guard let only = allowed.first else {
      throw CommandFailure(
        "there is no environment for '\(runbook.name)' in \(entry.root)/environments", exitCode: 64)
    }
    let protected = try Set(
      allowed.filter { try self.environment($0, of: entry).environment?.isProtected ?? false })
    if allowed.count == 1, protected.isEmpty { return only }
    if let question = ask() {
      return try question.answer(for: runbook.name, among: allowed, protected: protected)
    }
    throw CommandFailure(
      allowed.count == 1
        ? "'\(only)' is protected and never the default; say --env \(only)"
        : "say which environment with --env: \(allowed.joined(separator: ", "))", exitCode: 64)
  }

  /// The digest of a file or a plan.
  static func digest(of bytes: [UInt8]) throws(CommandFailure) -> Digest {
    do throws(AuditFailure) {
      return try Digest.sha256(bytes)
    } catch {
      throw CommandFailure(error.reason, exitCode: 70)
    }
  }

  private func source(_ path: String) throws(Files.Failure) -> SourceFile {
    SourceFile(
      path: Files.relative(path, to: ProcessInfo.workingDirectory), bytes: try Files.read(path))
  }
}

extension Files.Failure {
  /// What `check` says of a file that cannot be read.
  var diagnostic: (file: SourceFile, diagnostic: Diagnostic) {
    (
      SourceFile(path: Files.relative(path, to: ProcessInfo.workingDirectory), bytes: []),
      Diagnostic(.unreadableFile, .error, "the file cannot be read: \(reason)", at: SourceRange(at: 0))
    )
  }
}
