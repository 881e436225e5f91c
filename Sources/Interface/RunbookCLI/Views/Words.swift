import RunbookModel

/// The words and marks that people read for the model's values.
extension EventLines {
  /// `ok` and its like as a mark.
  static func mark(_ status: StepStatus) -> String {
    switch status {
    case .ok, .done: "✓"
    case .failed: "✗"
    case .skipped, .declined, .blocked: "–"
    case .unknown: "?"
    }
  }

  /// A verdict as a mark.
  static func mark(_ verdict: Verdict) -> String {
    switch verdict {
    case .executed, .verified: "✓"
    case .failed: "✗"
    case .deferred, .unverifiable: "?"
    case .shown, .skipped: "–"
    }
  }

  /// Green, red or amber.
  static func style(of status: StepStatus) -> Style {
    switch status {
    case .ok, .done: .good
    case .failed: .bad
    case .unknown: .caution
    case .skipped, .declined, .blocked: .faint
    }
  }

  /// Green, red or amber.
  static func style(of verdict: Verdict) -> Style {
    switch verdict {
    case .executed, .verified: .good
    case .failed: .bad
    case .deferred, .unverifiable: .caution
    case .shown, .skipped: .faint
    }
  }

  /// The more dangerous, the louder.
  static func style(of effect: Effect) -> Style {
    switch effect {
    case .read: .faint
    case .write: .caution
    case .destructive: .destructive
    }
  }

  /// Green, red or amber.
  static func style(of outcome: RunOutcome) -> Style {
    switch outcome {
    case .completed: .good
    case .failed, .undone, .unlogged: .bad
    case .declined, .incomplete, .refused, .unknown, .interrupted: .caution
    }
  }

  /// How a run ended, as a sentence.
  static func sentence(for outcome: RunOutcome) -> String {
    switch outcome {
    case .completed: "completed"
    case .failed(let step): "failed at \(step)"
    case .undone(let step): "failed at \(step), and everything before it was taken back"
    case .declined(let step): step.map { "declined at \($0)" } ?? "stopped by the operator"
    case .incomplete: "incomplete: not everything could be proved"
    case .refused(let reason): "refused: \(reason)"
    case .unknown(let step): "the outcome of \(step) is unknown; see what happened there before anything else"
    case .interrupted(let signal): "interrupted by signal \(signal)"
    case .unlogged(let reason): "stopped, because the audit log could not be written: \(reason)"
    }
  }

  /// Why a step did not run.
  static func sentence(for reason: SkipReason) -> String {
    switch reason {
    case .condition(let filter): "skipped, its condition is false: \(filter)"
    case .operatorChoice: "skipped, by the operator"
    case .blocked(let step): "blocked by \(step)"
    case .notSelected: "skipped, left out by --from or --only"
    }
  }

  /// Who answered, where it was not a person.
  static func byline(_ source: AnswerSource) -> String {
    switch source {
    case .person: ""
    case .option: " (by an option of the command line)"
    case .policy: " (by policy)"
    case .automatic: " (automatic)"
    }
  }

  /// `850 ms`, `2.4 s`, `3 min 20 s`.
  static func duration(milliseconds: Int) -> String {
    switch milliseconds {
    case ..<1000: "\(milliseconds) ms"
    case ..<60_000: "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    case ..<3_600_000: "\(milliseconds / 60_000) min \(milliseconds % 60_000 / 1000) s"
    default: "\(milliseconds / 3_600_000) h \(milliseconds % 3_600_000 / 60_000) min"
    }
  }

  /// `312 B`, `4.0 KiB`, `1.9 GiB`.
  static func size(_ bytes: Int) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    guard bytes >= 1024 else { return "\(bytes) B" }
    var tenths = bytes * 10 / 1024
    var unit = 0
    while tenths >= 10_240, unit + 1 < units.count {
      tenths /= 1024
      unit += 1
    }
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  /// A digest's first twelve digits, enough for people.
  static func short(_ digest: Digest) -> String { String(digest.rawValue.prefix(19)) }
}
