import CJQ
import CMarkGFM
import Glibc
import RunbookAdapter
import RunbookAudit
import RunbookCompiler
import RunbookDiagnostics
import RunbookFilters
import RunbookModel
import RunbookSyntax

/// Measures what `check` does to one page, part by part, and prints the medians as `name milliseconds` lines.
@main struct PageBenchmark {
  static func main() throws {
    guard CommandLine.arguments.count == 2, let bytes = read(CommandLine.arguments[1]) else {
      print("usage: page-benchmark PAGE.md")
      exit(64)
    }
    let file = SourceFile(path: "page.md", bytes: bytes)
    let compiler = Compiler(adapters: AdapterRegistry([FirstLine()]))
    let digest = try Digest.sha256(bytes)
    let document = Document.parse(file).0
    guard let runbook = compiler.compile(document, name: "page", digest: digest, filters: nil).0 else {
      print("the page has errors")
      exit(1)
    }
    let filters = runbook.steps.flatMap { $0.conditions + [$0.expect].compactMap(\.self) }
    // What one `check` pays: libjq is loaded too.
    print("jq_once_ms \(milliseconds { compileWithJQ(filters) })")
    print(
      "jq_ours_ms \(median { _ = FilterCheck().errors(in: filters, variables: filters.map(\.variables)) })")
    print("bytes \(bytes.count)")
    print("steps \(runbook.steps.count)")
    print("filters \(filters.count)")
    print("parse_ms \(median { _ = Document.parse(file) })")
    print("cmark_ms \(median { parseWithCmark(bytes) })")
    print(
      "compile_ms \(median { _ = compiler.compile(document, name: "page", digest: digest, filters: nil) })")
  }

  /// libjq alone, all filters in one program.
  private static func compileWithJQ(_ filters: [Filter]) {
    let parts = filters.map { filter in
      "(" + Set(filter.variables).sorted().map { "null as $\($0) | " }.joined() + "(\(filter.source)))"
    }
    var error: UnsafeMutablePointer<CChar>?
    let compiled = rb_jq_compile(parts.joined(separator: ",\n"), &error)
    precondition(error == nil, "the filters compile: \(error.map { String(cString: $0) } ?? "")")
    rb_jq_free(compiled)
  }

  /// GitHub's parser alone, with the same two extensions, on the same bytes.
  private static func parseWithCmark(_ bytes: [UInt8]) {
    let parser = cmark_parser_new(CMARK_OPT_DEFAULT)
    for name in ["table", "tasklist"] {
      cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(name))
    }
    bytes.withUnsafeBytes { buffer in
      cmark_parser_feed(parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count)
    }
    cmark_node_free(cmark_parser_finish(parser))
    cmark_parser_free(parser)
  }

  private static func median(_ body: () -> Void) -> Double {
    (0..<21).map { _ in milliseconds(body) }.sorted()[10]
  }

  private static func milliseconds(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    let (seconds, attoseconds) = start.duration(to: .now).components
    return Double(seconds) * 1000 + Double(attoseconds) / 1e15
  }

  private static func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let size = bytes.count
    return Glibc.read(descriptor, &bytes, size) == size ? bytes : nil
  }
}

/// Takes any `bash` step, so that what is measured is the compiler and not an adapter.
private struct FirstLine: Adapter {
  var languages: [String] { ["bash"] }
  var acceptedTargets: [String]? { nil }
  func options(from fields: inout FieldReader) -> String? { fields.body }
  func effect(of options: String) -> Effect.Claim { Effect.Claim(.write, isKnown: false) }
  func summary(of options: String) -> String { options }
  func invocation(of options: String, on target: Target, values: [String: Value]) -> String { options }
  @concurrent func rehearse(_ options: String, in context: StepContext) async throws(StepFailure) -> Rehearsal
  {
    .unverifiable("a benchmark rehearses nothing")
  }
  @concurrent func perform(_ options: String, in context: StepContext) async throws(StepFailure) -> RawResult
  {
    RawResult([])
  }
}
