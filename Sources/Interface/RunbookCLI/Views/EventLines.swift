import RunbookDiagnostics
import RunbookModel

/// What an event says to people: the same words live, in `log` and in reports.
struct EventLines {
  /// One line with the style of its first word.
  struct Line: Equatable {
    /// Begins with a mark (`▸`, `✓`, `✗`, …) or with blanks.
    let text: String
    let style: Style?
    /// The line of a program, statement or request that `text` shows; nil where it shows something else.
    let program: String?

    init(_ text: String, _ style: Style? = nil) {
      self.text = text
      self.style = style
      program = nil
    }

    init(program: String) {
      text = "  $ \(program)"
      style = .faint
      self.program = program
    }
  }

  /// Position and number of main steps, by id; empty where no plan is known.
  private let places: [StepID: Int]
  private let titles: [StepID: String]

  /// Lines of a program that are shown; nil: all.
  private let invocationLimit: Int?

  /// Words for the events of a run of `plan`.
  init(_ plan: Plan?, invocationLimit: Int? = nil) {
    self.invocationLimit = invocationLimit
    let steps = plan?.mainSteps ?? []
    places = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.id, $0 + 1) })
    titles = Dictionary(uniqueKeysWithValues: (plan?.steps ?? []).map { ($0.id, $0.title) })
  }

  /// The lines of one event; none where it says nothing new to a person.
  func lines(for kind: RunEvent.Kind) -> [Line] {
    switch kind {
    case .runPlanned(let planned): return header(planned)
    case .runStarted: return []
    case .runResumed(let resumed): return resumedLines(resumed)
    case .runFinished(let outcome): return [Line(Self.sentence(for: outcome), Self.style(of: outcome))]
    case .conditionDecided: return []
    case .stepSkipped(let id, let reason):
      return [Line("– \(name(id)): \(inert(Self.sentence(for: reason)))", .faint)]
    case .confirmAsked(let id, _, let request):
      return [Line("? \(name(id)): \(inert(request.question))", .caution)]
    case .confirmAnswered(_, _, let answer, let source):
      return [Line("  › \(answer.rawValue)\(Self.byline(source))", .faint)]
    case .manualAnswered(let id, let answer, let note, let source):
      let text = "  › \(answer.rawValue)\(note.map { ": \(inert($0))" } ?? "")\(Self.byline(source))"
      return [Line("▸ \(name(id))", .strong), Line(text, answer == .failed ? .bad : .good)]
    case .inputAnswered(let id, let value, let source):
      return [
        Line("▸ \(name(id))", .strong), Line("  › \(inert(value.displayText))\(Self.byline(source))", .faint),
      ]
    case .stepIntent(let intent): return intentLines(intent)
    case .stepFinished(let finished): return finishedLines(finished)
    case .stepWithdrawn(let id, _):
      return [Line("  – \(id) was not started: the log failed behind its intent", .caution)]
    case .stepUnknown(let id, let attempt):
      return [Line("  ? \(id) is unknown: attempt \(attempt) was started and nobody saw its end", .caution)]
    case .stepResolved(let id, _, let status, let note, let source):
      return [Line("  › \(id) is \(status.rawValue): \(inert(note))\(Self.byline(source))", .caution)]
    case .artifact(_, let artifact):
      return [
        Line("  + \(inert(artifact.path)), \(Self.size(artifact.byteCount)), \(artifact.digest)", .faint)
      ]
    case .failureAsked: return []
    case .failureAnswered(_, _, let choice, let note, let source):
      return [
        Line("  › \(choice.rawValue)\(note.map { ": \(inert($0))" } ?? "")\(Self.byline(source))", .faint)
      ]
    case .undoStarted(let after, let steps):
      let cause = after.map { " after \($0)" } ?? ""
      return [Line("↶ taking back\(cause): \(steps.map(\.rawValue).joined(separator: ", "))", .caution)]
    case .signalReceived(let signal): return [Line("! \(signal) received", .caution)]
    case .lockAcquired(let claim):
      let from = claim.from.map { ", which the dead run \($0) had and left nothing open" } ?? ""
      return [Line("  lock \(inert(claim.name))\(from)", .faint)]
    }
  }

  private func resumedLines(_ resumed: RunResumed) -> [Line] {
    var lines = [Line("↻ resumed after event \(resumed.after)", .caution)]
    if resumed.answersYes { lines.append(Line("  answered in advance: --yes", .faint)) }
    for step in resumed.confirmed { lines.append(Line("  answered in advance: --confirm \(step)", .faint)) }
    for survivor in resumed.survivors {
      lines.append(Line("  ! was still running: \(inert(survivor))", .caution))
    }
    return lines
  }

  private func header(_ planned: RunPlanned) -> [Line] {
    [
      Line("\(inert(planned.runbook.name)) · \(inert(planned.runbook.title))", .strong),
      Line("  environment \(inert(planned.environment)) · plan \(Self.short(planned.planDigest))", .faint),
    ]
  }

  private func name(_ id: StepID) -> String {
    let title = titles[id].map { inert($0) }
    let label = title.map { $0 == id.rawValue ? $0 : "\($0) #\(id)" } ?? id.rawValue
    return places[id].map { "[\($0)/\(places.count)] \(label)" } ?? label
  }

  private func intentLines(_ intent: StepIntent) -> [Line] {
    var mark = intent.isSimulated ? "▹" : "▸"
    switch intent.role {
    case .main: break
    case .undo(let step): mark += " undo of \(step):"
    case .rescue(let step): mark += " rescue after \(step):"
    case .verify(let step): mark += " verify \(step):"
    }
    if intent.attempt > 1 { mark += " attempt \(intent.attempt):" }
    var lines = [Line("\(mark) \(name(intent.step))", .strong)]
    lines.append(Line("  \(intent.effect.rawValue) · \(inert(intent.target))", Self.style(of: intent.effect)))
    let body = TerminalText.lines(of: intent.invocation).filter { !$0.isEmpty }
    let limit = invocationLimit ?? body.count
    lines += body.prefix(limit).map { Line(program: inert($0)) }
    if body.count > limit {
      lines.append(Line("  $ … \(body.count - limit) more lines, all of them in the log", .faint))
    }
    return lines
  }

  private func finishedLines(_ finished: StepFinished) -> [Line] {
    let result = finished.result
    let time = Self.duration(milliseconds: finished.activeMilliseconds)
    var lines: [Line] = []
    if let verdict = result.verdict {
      let detail = result.verdictDetail.map { ": \(inert($0))" } ?? ""
      lines.append(
        Line("  \(Self.mark(verdict)) \(verdict.rawValue)\(detail) (\(time))", Self.style(of: verdict)))
    } else {
      var text = "\(result.status.rawValue) in \(time)"
      if finished.polls > 1 { text += " after \(finished.polls) polls" }
      if let reason = result.reason {
        text += ": \(reason.rawValue)\(result.detail.map { ", \(inert($0))" } ?? "")"
      }
      if finished.isRecovered { text += " (recovered from the exit record)" }
      lines.append(Line("  \(Self.mark(result.status)) \(text)", Self.style(of: result.status)))
    }
    for survivor in finished.survivors {
      lines.append(Line("  ! still running: \(inert(survivor))", .caution))
    }
    for output in result.outputs {
      lines.append(Line("  = \(output.name): \(inert(output.value.plainText))", .faint))
    }
    return lines
  }

  private func inert(_ text: String) -> String { TerminalText.inert(text) }
}
