public import RunbookAdapter
public import RunbookDiagnostics
public import RunbookModel
public import RunbookSyntax

/// Makes a runbook of a page, and a plan of a runbook and an environment.
///
/// Pure: the same bytes give the same runbook, plan and diagnostics, always all of them at once.
public struct Compiler: Sendable {
  /// The adapters whose languages steps may have.
  let adapters: AdapterRegistry
  /// Whether warnings, and fences that look like forgotten steps, are errors.
  let isStrict: Bool

  /// A compiler for steps of these adapters.
  public init(adapters: AdapterRegistry, isStrict: Bool = false) {
    self.adapters = adapters
    self.isStrict = isStrict
  }

  /// Resolves every name of a page.
  ///
  /// Linear in the page but for sorting, and one compile of all its filters.
  ///
  /// - Parameters:
  ///   - name: What the runbook is called by.
  ///   - digest: Of the page's bytes.
  ///   - filters: Compiles the page's filters; nil: only their form and variables are checked.
  /// - Returns: The runbook where there is no error, and what was found, in the order of the page. What the
  ///   parser of the page reported is not repeated.
  public func compile(
    _ document: Document, name: String, digest: Digest, filters: (any FilterCompiler)?
  ) -> (Runbook?, [Diagnostic]) {
    guard document.isRunbook, let frontMatter = document.frontMatter else {
      let note = "a runbook begins with '---', 'runbook: \(FrontMatterKey.version)' and '---'"
      return (
        nil, [Diagnostic(.noRunbook, .error, "the page is no runbook", at: .startOfFile, notes: [note])]
      )
    }
    var collector = StepCollector(adapters: adapters, file: document.file)
    for block in document.blocks { collector.add(block) }
    var headers = HeaderReader()
    headers.read(frontMatter, fallback: collector.pageTitle ?? name)
    let linker = StepLinker(collector.drafts)
    let drafts = linker.drafts
    let scope = NameScope(
      header: headers.header, positions: headers.positions, drafts: drafts, adapters: adapters)
    var binder = StepBinder(adapters: adapters, names: scope.table)
    for index in drafts.indices { binder.bind(drafts[index]) }
    var names = NameCheck(scope: scope, drafts: drafts, places: linker.places, owners: linker.owners)
    for index in drafts.indices { drafts[index].step.uses = names.uses(of: index) }
    let invalidFilters = check(drafts, &names, filters)
    names.reportUnusedParameters(headers.header.parameters, headers.positions)

    let found =
      headers.reader.diagnostics + collector.diagnostics + linker.diagnostics + scope.diagnostics
      + binder.diagnostics + EffectCheck.diagnostics(of: drafts) + names.diagnostics + invalidFilters
    let diagnostics = settled(found)
    guard !diagnostics.hasErrors else { return (nil, diagnostics) }
    var positions = headers.positions
    for draft in drafts {
      positions.steps[draft.step.id] = .init(id: draft.place, target: draft.target?.range)
    }
    let runbook = Runbook(
      name: name, file: document.file, digest: digest, header: headers.header,
      steps: drafts.map { $0.completed }, positions: positions)
    return (runbook, diagnostics)
  }

  /// Reads what the front matter of a runbook says, without its steps.
  ///
  /// - Parameter name: The title where the page has none.
  /// - Returns: The header as far as it could be read, and what was found in it.
  public static func header(of document: Document, name: String) -> (Runbook.Header, [Diagnostic]) {
    var headers = HeaderReader()
    let title = document.blocks.lazy.compactMap { block -> String? in
      guard case .heading(let heading) = block, heading.level == 1 else { return nil }
      return heading.containers.isEmpty ? heading.text : nil
    }.first
    if let frontMatter = document.frontMatter { headers.read(frontMatter, fallback: title ?? name) }
    return (headers.header, headers.reader.diagnostics)
  }

  /// Checks all filters; the sound ones are compiled together.
  private func check(
    _ drafts: [StepDraft], _ names: inout NameCheck, _ compiler: (any FilterCompiler)?
  ) -> [Diagnostic] {
    var sites: [StepDraft.FilterSite] = []
    var variables: [[String]] = []
    for (index, draft) in drafts.enumerated() {
      for site in draft.filters {
        guard let needed = names.variables(of: site, in: index) else { continue }
        sites.append(site)
        variables.append(needed)
      }
    }
    guard let compiler, !sites.isEmpty else { return [] }
    return compiler.errors(in: sites.map(\.filter), variables: variables).map { error in
      Diagnostic(
        .invalidFilter, .error, "jq refuses this filter: \(error.message)",
        at: error.range.map { sites[error.index].node.range(ofText: $0) }
          ?? sites[error.index].range(of: error.message))
    }
  }

  /// In the order of the page, each once, and stricter where that is wanted.
  private func settled(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    var seen: Set<Diagnostic> = []
    return diagnostics.filter { seen.insert($0).inserted }.inSourceOrder().map { diagnostic in
      guard isStrict, diagnostic.severity == .warning || diagnostic.code == .documentationFence else {
        return diagnostic
      }
      var diagnostic = diagnostic
      diagnostic.severity = .error
      return diagnostic
    }
  }
}

extension StepDraft {
  /// The step with the defaults that hang on other attributes.
  fileprivate var completed: Step {
    var step = step
    guard !has(.timeout) else { return step }
    // The limit of an attempt must not end what is meant to take longer.
    if let duration = step.durationMilliseconds { step.timeoutMilliseconds = duration + 60_000 }
    if step.isInteractive { step.timeoutMilliseconds = Self.interactiveTimeoutMilliseconds }
    return step
  }

  /// What is left to a person takes a person's time: a day.
  private static let interactiveTimeoutMilliseconds = 86_400_000
}

extension StepDraft.FilterSite {
  /// Where jq's message belongs: the function it names, if it names one, else the whole filter.
  fileprivate func range(of message: String) -> SourceRange {
    guard let slash = message.utf8.firstIndex(of: UInt8(ascii: "/")), message.contains("is not defined")
    else {
      return node.range
    }
    let name = Array(message[..<slash].utf8)
    let bytes = Array(filter.source.utf8)
    guard !name.isEmpty, name.count <= bytes.count else { return node.range }
    let isWordByte = { (byte: UInt8) in
      byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }
    for start in 0...(bytes.count - name.count) where bytes[start..<(start + name.count)].elementsEqual(name)
    {
      let end = start + name.count
      if start > 0, isWordByte(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: ".") { continue }
      if end < bytes.count, isWordByte(bytes[end]) { continue }
      return node.range(ofText: start..<end)
    }
    return node.range
  }
}
