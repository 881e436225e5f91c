import RunbookAdapter
import RunbookModel

/// The proof of one step that changes something, without changing anything.
struct Proof {
  let task: StepTask
  let call: BoundCall
  let performer: LivePerformer

  func perform() async -> StepPerformance {
    let start = performer.clock.now()
    let attempt = CallAttempt(task: task, call: call, performer: performer)
    let environment = attempt.targetEnvironment
    let session: any StepSession
    do throws(StepFailure) {
      session = try await performer.services.open(
        SessionRequest(
          run: task.run, step: task.step.id, attempt: task.attempt,
          secrets: attempt.secrets(with: environment), holdsOutput: false))
    } catch {
      return performance(.failure(error), since: start)
    }
    let context = attempt.context(in: session, environment, deadline: start + attempt.limit)
    let rehearsal: Result<Rehearsal, StepFailure>
    do throws(StepFailure) {
      rehearsal = .success(try await call.rehearse(context))
    } catch {
      let isCutByPage = task.remaining.map { $0 < .milliseconds(task.step.timeoutMilliseconds) } ?? false
      rehearsal = .failure(isCutByPage && error.reason == .timeout ? attempt.blamingPage(error) : error)
    }
    var performance = performance(rehearsal, since: start)
    do throws(JournalFailure) {
      performance.outputs = try await session.close(keepsOutput: true)
    } catch {
      performance.journalFailure = error
    }
    return performance
  }

  private func performance(
    _ rehearsal: Result<Rehearsal, StepFailure>, since start: ContinuousClock.Instant
  ) -> StepPerformance {
    let milliseconds = (performer.clock.now() - start).milliseconds
    let (verdict, detail, failure) = finding(rehearsal)
    let status: StepStatus = failure == nil ? .skipped : .failed
    var result = StepResult(
      status: status, json: .result([], status, failure, milliseconds: milliseconds), reason: failure?.reason,
      detail: failure?.detail)
    result.verdict = verdict
    result.verdictDetail = detail
    return StepPerformance(result, activeMilliseconds: milliseconds)
  }

  /// The verdict, why, and what keeps a run from getting past the step; redacted.
  private func finding(
    _ rehearsal: Result<Rehearsal, StepFailure>
  ) -> (Verdict, detail: String, StepFailure?) {
    let proven: (verdict: Verdict, detail: String)
    var failure: StepFailure?
    var isFinal = false
    switch rehearsal {
    case .success(.verified(let text)): proven = (.verified, performer.redacted(text))
    case .success(.unverifiable(let text)): proven = (.unverifiable, performer.redacted(text))
    case .success(.refuted(let text)):
      let detail = performer.redacted(text)
      proven = (.failed, detail)
      failure = StepFailure(.expectation, detail, effectIsPossible: false)
      isFinal = true
    case .failure(let error):
      let detail = performer.redacted(error.detail)
      proven = (.failed, detail)
      failure = StepFailure(error.reason, detail, effectIsPossible: false)
    }
    switch task.standing {
    // What a step before it would have changed may be the very thing that is missing now.
    case .afterSimulatedWrite where failure != nil && !isFinal:
      return (.unverifiable, "comes after a step that was only simulated; now: \(proven.detail)", nil)
    case .onCall(let role) where failure != nil && !isFinal:
      return (.unverifiable, "\(role.calledFor); now: \(proven.detail)", nil)
    case .asInRun, .afterSimulatedWrite, .onCall, .missingValue:
      return (proven.verdict, proven.detail, failure)
    case .undecided(let by):
      // Whether a run comes here is not known, so a failed proof is no failure of the run.
      let detail = "its condition hangs on '\(by)'; \(proven.verdict.rawValue): \(proven.detail)"
      return (proven.verdict == .verified ? .deferred : .unverifiable, detail, nil)
    case .conditionIsFalse: return (.skipped, "\(proven.verdict.rawValue): \(proven.detail)", nil)
    }
  }
}

extension StepRole {
  /// When such a step runs, in words.
  var calledFor: String {
    switch self {
    case .main: "runs in its place"
    case .undo(let owner): "would take back '\(owner)', which was only simulated"
    case .rescue(let owner): "would run only after '\(owner)' failed"
    case .verify(let owner): "would run only after a crash in '\(owner)'"
    }
  }
}
