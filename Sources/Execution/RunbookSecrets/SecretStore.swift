import Glibc
public import RunbookAdapter
public import RunbookModel
import Synchronization

/// Every secret of one run: read late, held in memory, known to every masker before anybody gets it.
public final class SecretStore: Sendable {
  /// The shortest secret that can be masked without masking half of all output.
  public static let leastLength = Disguises.leastLength

  private struct State {
    var opened: [SecretReference: SecretBytes] = [:]
    var patterns = Disguises.Patterns()
    var automaton: MaskAutomaton?
    var generation = 0
  }

  private let state = Mutex(State())
  private let reader: SecretReader

  /// A store without secrets; this process writes no core files any more.
  ///
  /// - Parameters:
  ///   - directory: What relative paths of references are relative to; those of a plan are, to the repository's
  ///     root.
  ///   - processes: Runs `command:` references, never through a shell.
  public init(directory: String, processes: any ProcessHost) {
    // From here on a core file of this process would hold secrets.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    reader = SecretReader(directory: directory, processes: processes)
  }

  /// Reads secrets that were not read yet and registers them with all maskers.
  ///
  /// - Parameter context: Of the step that wants them; its deadline and interrupt hold for `command:`.
  /// - Throws: `StepFailure` with reason `not-found` where one cannot be read or is refused.
  @concurrent public func open(
    _ references: [SecretReference], in context: StepContext
  ) async throws(StepFailure) {
    for reference in references where state.withLock({ $0.opened[reference] }) == nil {
      let bytes = try await reader.bytes(of: reference, in: context)
      try register(bytes, as: reference)
    }
  }

  /// Registers with all maskers what can be read without running a program: a step may show a secret that only a
  /// later one uses. One that cannot be read is left to the step that needs it, which fails then.
  public func openAhead(_ references: [SecretReference]) {
    for reference in references where state.withLock({ $0.opened[reference] }) == nil {
      guard let bytes = try? reader.bytesAtHand(of: reference) else { continue }
      try? register(bytes, as: reference)
    }
  }

  /// Keeps a secret that was made or typed during the run.
  ///
  /// - Throws: `StepFailure` with reason `expectation` where it is too short to be masked.
  public func keep(_ secret: String, as reference: SecretReference) throws(StepFailure) {
    do throws(StepFailure) {
      try register(Array(secret.utf8), as: reference)
    } catch {
      throw StepFailure(.expectation, error.detail, effectIsPossible: false)
    }
  }

  /// Masks these texts from now on, however short; empty ones are ignored, short ones have no disguises.
  public func mask(_ texts: [String]) {
    state.withLock { state in
      for text in texts where !text.isEmpty {
        state.patterns.formUnion(Disguises.patterns(of: Array(text.utf8)))
      }
      state.automaton = state.patterns.automaton
      state.generation += 1
    }
  }

  /// Masks every line of what stands behind references, however short it is.
  ///
  /// - Throws: `StepFailure` with reason `not-found` where one cannot be read.
  @concurrent public func mask(
    linesOf references: [SecretReference], in context: StepContext
  ) async throws(StepFailure) {
    for reference in references {
      let bytes = try await reader.bytes(of: reference, in: context)
      mask(String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init))
    }
  }

  /// Takes all secrets known by now out of results, errors and texts.
  public var redactor: any Redactor { SecretRedactor(store: self) }

  /// Hands out the given secrets and no others.
  public func source(for references: [SecretReference]) -> any SecretSource {
    AllowedSecrets(store: self, references: Set(references))
  }

  var automaton: (MaskAutomaton?, generation: Int) { state.withLock { ($0.automaton, $0.generation) } }

  func withBytes<R>(
    of reference: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
  ) throws(StepFailure) -> R {
    guard let bytes = state.withLock({ $0.opened[reference] }) else {
      throw StepFailure(.notFound, "the secret '\(reference.name)' was not read", effectIsPossible: false)
    }
    return bytes.withBytes(body)
  }

  private func register(_ bytes: [UInt8], as reference: SecretReference) throws(StepFailure) {
    guard bytes.count >= Self.leastLength else {
      throw StepFailure(
        .notFound,
        "the secret '\(reference.name)' is shorter than \(Self.leastLength) bytes and could not be masked",
        effectIsPossible: false)
    }
    guard !bytes.contains(0) else {
      throw StepFailure(.notFound, "the secret '\(reference.name)' holds a NUL byte", effectIsPossible: false)
    }
    let patterns = Disguises.patterns(of: bytes)
    state.withLock { state in
      state.opened[reference] = SecretBytes(bytes)
      state.patterns.formUnion(patterns)
      state.automaton = state.patterns.automaton
      state.generation += 1
    }
  }
}

/// What one step may open.
private struct AllowedSecrets: SecretSource {
  let store: SecretStore
  let references: Set<SecretReference>

  func withBytes<R>(
    of secret: SecretReference, _ body: (UnsafeRawBufferPointer) -> R
  ) throws(StepFailure) -> R {
    guard references.contains(secret) else {
      throw StepFailure(
        .notFound, "the secret '\(secret.name)' was not given to this step", effectIsPossible: false)
    }
    return try store.withBytes(of: secret, body)
  }
}

/// Masks values with all secrets that are known when it is asked.
private struct SecretRedactor: Redactor {
  let store: SecretStore

  func redacted(_ text: String) -> String {
    guard let automaton = store.automaton.0 else { return text }
    return Self.mask(text, automaton)
  }

  func redacted(_ value: JSONValue) -> JSONValue {
    guard let automaton = store.automaton.0 else { return value }
    return Self.mask(value, automaton)
  }

  private static func mask(_ text: String, _ automaton: MaskAutomaton) -> String {
    var text = text
    let masked = text.withUTF8 { Masker.masked(UnsafeRawBufferPointer($0), automaton) }
    return masked.map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  private static func mask(_ value: JSONValue, _ automaton: MaskAutomaton) -> JSONValue {
    switch value {
    case .null, .boolean: return value
    case .number(let text):
      let masked = mask(text, automaton)
      return masked == text ? value : .string(masked)
    case .string(let text): return .string(mask(text, automaton))
    case .array(let values): return .array(values.map { mask($0, automaton) })
    case .object(let members):
      return .object(members.map { JSONValue.Member(mask($0.name, automaton), mask($0.value, automaton)) })
    }
  }
}
