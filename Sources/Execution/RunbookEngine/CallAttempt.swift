import RunbookAdapter
import RunbookModel

/// One attempt of one adapter step: session, polling, judgement, redaction.
struct CallAttempt {
  let task: StepTask
  let call: BoundCall
  let performer: LivePerformer

  private var step: Step { task.step }
  private var services: any StepServices { performer.services }
  private var clock: RunClock { performer.clock }

  /// Secrets that must be found in the result before any of the output may be shown.
  private var hidesValues: Bool { step.mask != nil || step.outputs.contains(where: \.isSecret) }

  func perform() async -> StepPerformance {
    let start = clock.now()
    let environment = targetEnvironment
    let session: any StepSession
    do throws(StepFailure) {
      session = try await services.open(
        SessionRequest(
          run: task.run, step: step.id, attempt: task.attempt, secrets: secrets(with: environment),
          holdsOutput: hidesValues || step.polling != nil))
    } catch {
      return performance(Judgement(failure: error), since: start, polls: 1)
    }
    var (judgement, polls) = await poll(in: session, environment, since: start)
    session.mask(judgement.masked)
    keepSecrets(&judgement)
    var artifacts: [Artifact] = []
    if judgement.failure == nil { artifacts = await produced(&judgement) }
    var performance = performance(judgement, since: start, polls: polls)
    do throws(JournalFailure) {
      performance.outputs = try await session.close(keepsOutput: judgement.isMaskKnown)
    } catch {
      performance.journalFailure = error
    }
    performance.artifacts = artifacts
    return performance
  }

  /// The session's context for an adapter, until `deadline`.
  func context(
    in session: any StepSession, _ environment: TargetEnvironment, deadline: ContinuousClock.Instant
  ) -> StepContext {
    StepContext(
      run: task.run, step: step.id, attempt: task.attempt, target: step.target,
      targetEnvironment: environment, values: task.values,
      declaredOutputs: step.outputs.filter { $0.filter == nil }.map(\.name), effect: step.effect,
      secrets: session.secrets, output: session.output, processes: services.processes, deadline: deadline,
      duration: step.durationMilliseconds.map { .milliseconds($0) }, interrupt: task.interrupt,
      terminal: services.terminal, isInteractive: step.isInteractive,
      producesFiles: !step.produces.isEmpty, workingDirectory: services.workingDirectory,
      baseEnvironment: services.baseEnvironment, captureLimit: services.captureLimit)
  }

  /// What the target gives to programs.
  var targetEnvironment: TargetEnvironment {
    performer.adapters.targetType(named: step.target.type)?.processEnvironment(of: step.target)
      ?? TargetEnvironment()
  }

  /// Every secret the attempt may open: of the values it mentions, of its target, of the target's environment.
  func secrets(with environment: TargetEnvironment) -> [SecretReference] {
    let values = task.values.sorted { $0.key < $1.key }.map(\.value)
    var seen: Set<SecretReference> = []
    return (values.compactMap(\.secret) + step.target.secrets + environment.secrets).filter {
      seen.insert($0).inserted
    }
  }

  /// How long one attempt may take.
  var limit: Duration {
    let own = Duration.milliseconds(step.timeoutMilliseconds)
    return task.remaining.map { min(own, $0) } ?? own
  }

  /// A failure of an attempt that may take no longer because the page's own `timeout` is used up, saying so.
  func blamingPage(_ failure: StepFailure) -> StepFailure {
    StepFailure(
      failure.reason, "\(performer.plan.usedUpTimeout): \(failure.detail)",
      effectIsPossible: failure.effectIsPossible)
  }

  // MARK: Polling

  private func poll(
    in session: any StepSession, _ environment: TargetEnvironment, since start: ContinuousClock.Instant
  ) async -> (Judgement, polls: Int) {
    let pageEnd = task.remaining.map { start + $0 }
    var end = step.polling.map { start + .milliseconds($0.withinMilliseconds) }
    let isEndOfPage = end.flatMap { end in pageEnd.map { $0 < end } } ?? false
    if isEndOfPage { end = pageEnd }
    var polls = 1
    while true {
      let attemptStart = clock.now()
      var deadline = attemptStart + .milliseconds(step.timeoutMilliseconds)
      if let end { deadline = min(deadline, end) }
      let isCutByPage = pageEnd.map { $0 <= deadline && end == nil } ?? false
      if isCutByPage, let pageEnd { deadline = pageEnd }
      let context = context(in: session, environment, deadline: deadline)
      let outcome: Result<RawResult, StepFailure>
      do throws(StepFailure) {
        outcome = .success(try await call.perform(context))
      } catch {
        outcome = .failure(error)
      }
      var judgement = await Judgement.judge(
        outcome, of: step, variables: task.variables, filters: performer.filters,
        milliseconds: (clock.now() - attemptStart).milliseconds)
      guard let failure = judgement.failure, let polling = step.polling, let end else {
        if isCutByPage, let failure = judgement.failure, failure.reason == .timeout {
          judgement.failure = blamingPage(failure)
        }
        return (judgement, polls)
      }
      let pause = Duration.milliseconds(polling.everyMilliseconds)
      let isLast = clock.now() + pause >= end
      if isLast || !failure.reason.canHeal || task.interrupt.level > .none {
        let told = failure.told(afterPolls: polls, within: isEndOfPage ? nil : polling)
        judgement.failure = isLast && isEndOfPage ? blamingPage(told) : told
        return (judgement, polls)
      }
      await clock.pause(pause, task.interrupt)
      guard task.interrupt.level == .none else {
        judgement.failure = StepFailure(
          .cancelled, "interrupted between two attempts; the last one: \(failure.detail)",
          effectIsPossible: failure.effectIsPossible)
        return (judgement, polls)
      }
      session.discardOutput()
      polls += 1
    }
  }

  // MARK: The outcome

  private func keepSecrets(_ judgement: inout Judgement) {
    guard judgement.failure == nil else { return }
    for secret in judgement.secrets {
      do throws(StepFailure) {
        try services.keep(
          secret.text, as: SecretReference(name: secret.name, source: .output(step.id, name: secret.name)))
      } catch {
        judgement.failure = afterwards(error, "output '\(secret.name)'")
        return
      }
    }
  }

  private func produced(_ judgement: inout Judgement) async -> [Artifact] {
    var artifacts: [Artifact] = []
    for path in step.produces {
      do throws(StepFailure) {
        artifacts.append(try await services.artifact(at: path.displayText(task.values)))
      } catch {
        judgement.failure = afterwards(error, "produces")
        return artifacts
      }
    }
    return artifacts
  }

  /// A failure found when the step had ended: what it did it did, so it is never an unknown outcome.
  private func afterwards(_ failure: StepFailure, _ key: String) -> StepFailure {
    StepFailure(
      failure.reason.isCutOff ? .expectation : failure.reason, "\(key): \(failure.detail)",
      effectIsPossible: step.effect > .read)
  }

  private func performance(
    _ judgement: Judgement, since start: ContinuousClock.Instant, polls: Int
  ) -> StepPerformance {
    let milliseconds = (clock.now() - start).milliseconds
    let status = judgement.failure.map { $0.status(for: step) } ?? .ok
    let redactor = services.redactor
    let failure = judgement.failure.map {
      StepFailure($0.reason, redactor.redacted($0.detail), effectIsPossible: $0.effectIsPossible)
    }
    let json = JSONValue.result(judgement.members, status, judgement.failure, milliseconds: milliseconds)
    var result = StepResult(
      status: status, json: redactor.redacted(json), reason: failure?.reason, detail: failure?.detail,
      effectIsPossible: step.effect > .read && (failure?.effectIsPossible ?? false))
    result.outputs = judgement.outputs.map { JSONValue.Member($0.name, redactor.redacted($0.value)) }
    var performance = StepPerformance(result, activeMilliseconds: milliseconds)
    performance.polls = polls
    performance.survivors = judgement.survivors.map { redactor.redacted($0) }
    return performance
  }
}

extension StepFailure {
  /// A step that was cut off may have taken effect all the same: nobody knows. One that ended did not succeed.
  func status(for step: Step) -> StepStatus {
    effectIsPossible && step.effect > .read && reason.isCutOff ? .unknown : .failed
  }

  /// The same failure, saying that it is the last of several; nil: something else than `within` ended them.
  fileprivate func told(afterPolls polls: Int, within polling: Step.Polling?) -> StepFailure {
    let attempts = "\(polls) \(polls == 1 ? "attempt" : "attempts")"
    let end =
      polling.map { "not within \(Duration.milliseconds($0.withinMilliseconds)) (\(attempts))" } ?? attempts
    return StepFailure(
      reason, "\(end); the last one: \(detail)",
      effectIsPossible: effectIsPossible)
  }
}

extension StepFailure.Reason {
  /// Whether the end of the work was not seen: with an effect possible, the outcome is unknown.
  var isCutOff: Bool {
    switch self {
    case .timeout, .unreachable, .tls, .cancelled, .internal: true
    case .exit, .signal, .authentication, .sql, .expectation, .notFound, .spawn, .effect: false
    }
  }

  /// Whether trying again under `within` may help.
  var canHeal: Bool {
    switch self {
    case .exit, .signal, .timeout, .unreachable, .tls, .authentication, .sql, .expectation, .notFound: true
    case .cancelled, .spawn, .effect, .internal: false
    }
  }
}
