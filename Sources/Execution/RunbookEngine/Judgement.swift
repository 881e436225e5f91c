import RunbookAdapter
import RunbookModel

/// What one attempt came to, not redacted yet.
struct Judgement {
  /// nil: it is a success.
  var failure: StepFailure?
  /// The adapter's members.
  var members: [JSONValue.Member] = []
  /// Outputs that are not secret; of a success only.
  var outputs: [JSONValue.Member] = []
  /// Secret outputs, to be kept; of a success only.
  var secrets: [(name: String, text: String)] = []
  /// Texts that must be masked in all that is kept.
  var masked: [String] = []
  /// False where what must be masked could not be found: then nothing of the output may be kept.
  var isMaskKnown = true
  var survivors: [String] = []

  /// A failure without a result.
  init(failure: StepFailure? = nil) { self.failure = failure }

  /// Limit of one filter, from the design of the filter worker: libjq cannot be interrupted otherwise.
  static let filterLimit = Duration.seconds(2)

  /// Judges an attempt by the step's `mask`, `expect` and `outputs`, the only ones that see the raw result.
  static func judge(
    _ outcome: Result<RawResult, StepFailure>, of step: Step, variables: [String: JSONValue],
    filters: any FilterEvaluator, milliseconds: Int
  ) async -> Judgement {
    let hidesValues = step.mask != nil || step.outputs.contains(where: \.isSecret)
    switch outcome {
    case .failure(let failure):
      var judgement = Judgement(failure: failure)
      judgement.isMaskKnown = !hidesValues
      return judgement
    case .success(let raw):
      var judgement = Judgement(failure: raw.failure)
      judgement.members = raw.members
      judgement.survivors = raw.survivors
      let status: StepStatus = raw.failure == nil ? .ok : .failed
      let input = JSONValue.result(raw.members, status, raw.failure, milliseconds: milliseconds)
      let evaluation = Evaluation(step: step, input: input, variables: variables, filters: filters)
      await judgement.findMasks(raw, evaluation)
      if judgement.isMaskKnown { await judgement.judge(raw, evaluation) }
      return judgement
    }
  }

  private mutating func findMasks(_ raw: RawResult, _ evaluation: Evaluation) async {
    let step = evaluation.step
    do throws(StepFailure) {
      if let mask = step.mask {
        for value in try await evaluation.values(of: mask, for: "mask") {
          value.collectStrings(into: &masked)
        }
      }
      for output in step.outputs where output.isSecret {
        if let filter = output.filter {
          let key = "output '\(output.name)'"
          for value in try await evaluation.values(of: filter, for: key) {
            // Only texts can be masked; where a failed step has none there is nothing to hide.
            guard value.string != nil || value == .null else {
              throw evaluation.failure("\(key) is secret and must be a string, not \(value.shortText)")
            }
            value.collectStrings(into: &masked)
          }
        } else if let text = raw.outputs[output.name] {
          masked.append(text)
        }
      }
    } catch {
      isMaskKnown = false
      members = []
      failure = failure ?? error
    }
  }

  private mutating func judge(_ raw: RawResult, _ evaluation: Evaluation) async {
    let step = evaluation.step
    let isCutOff = raw.failure?.reason.isCutOff ?? false
    do throws(StepFailure) {
      if let expect = step.expect, !isCutOff {
        failure = nil
        guard try await evaluation.isTrue(expect, "expect") else {
          throw evaluation.failure("'expect' does not hold: \(expect.source)")
        }
      }
      guard failure == nil else { return }
      for output in step.outputs {
        let value = try await evaluation.value(of: output, raw.outputs)
        if output.isSecret {
          secrets.append((output.name, value.plainText))
        } else {
          outputs.append(.init(output.name, value))
        }
      }
    } catch {
      failure = error
      outputs = []
      secrets = []
    }
  }
}

/// A step's filters over one raw result.
struct Evaluation {
  let step: Step
  let input: JSONValue
  let variables: [String: JSONValue]
  let filters: any FilterEvaluator

  /// A failure of the page's own judgement; what the step did was done.
  func failure(_ detail: String) -> StepFailure {
    StepFailure(.expectation, detail, effectIsPossible: step.effect > .read)
  }

  /// All values the filter yields.
  func values(of filter: Filter, for key: String) async throws(StepFailure) -> [JSONValue] {
    do throws(StepFailure) {
      return try await filters.evaluate(
        filter, input: input, variables: variables.mentioned(in: filter), within: Judgement.filterLimit)
    } catch {
      throw failure("\(key): \(error.detail)")
    }
  }

  /// The one boolean the filter must yield.
  func isTrue(_ filter: Filter, _ key: String) async throws(StepFailure) -> Bool {
    switch Self.boolean(try await values(of: filter, for: key), key) {
    case .success(let value): return value
    case .failure(let error): throw failure(error.detail)
    }
  }

  /// A condition's one boolean, or why there is none.
  static func boolean(_ values: [JSONValue], _ key: String) -> Result<Bool, StepFailure> {
    if values.count == 1, let value = values[0].boolean { return .success(value) }
    let found =
      switch values.count {
      case 0: "nothing"
      case 1: values[0].shortText
      default: "\(values.count) values"
      }
    return .failure(
      StepFailure(.expectation, "\(key) must yield true or false, not \(found)", effectIsPossible: false))
  }

  /// An output's one value.
  func value(of output: Step.Output, _ written: [String: String]) async throws(StepFailure) -> JSONValue {
    guard let filter = output.filter else {
      guard let text = written[output.name] else {
        throw failure("the step wrote no '\(output.name)=…' line to $RUNBOOK_OUTPUT")
      }
      return .string(text)
    }
    let values = try await values(of: filter, for: "output '\(output.name)'")
    guard values.count == 1, values[0] != .null else {
      let found = values.count == 1 ? "null" : values.isEmpty ? "nothing" : "\(values.count) values"
      throw failure("output '\(output.name)' must be one value, not \(found)")
    }
    return values[0]
  }
}

extension [String: JSONValue] {
  /// Those that `filter` mentions.
  func mentioned(in filter: Filter) -> Self {
    let names = Set(filter.variables)
    return self.filter { names.contains($0.key) }
  }
}

extension JSONValue {
  /// Every string in the value, also nested ones.
  fileprivate func collectStrings(into texts: inout [String]) {
    switch self {
    case .null, .boolean, .number: break
    case .string(let text): texts.append(text)
    case .array(let values): for value in values { value.collectStrings(into: &texts) }
    case .object(let members): for member in members { member.value.collectStrings(into: &texts) }
    }
  }

  /// The kind of the value, and the value itself where that is short and no text.
  fileprivate var shortText: String {
    switch self {
    case .null, .boolean: text
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
