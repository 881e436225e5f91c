import RunbookModel

/// Steps outside document order that the run turned to: taking back, or rescuing. No way leads back to the walk.
struct Detour: Sendable, Equatable {
  /// What it is for.
  enum Kind: Sendable, Equatable { case undo, rescue }

  /// Who wanted it.
  enum Origin: Sendable, Equatable {
    /// This step did not end well.
    case failure(StepID)
    /// The operator, asked about this step.
    case choice(StepID)
    /// The run is for nothing else.
    case request
  }

  /// How one of its steps ended.
  struct Entry: Sendable, Equatable {
    /// The main step it belongs to.
    let owner: StepID
    let step: StepID
    let status: StepStatus
    let reason: SkipReason?

    /// Whether the owner counts as taken back: also where a condition says that there is nothing to do.
    var isGood: Bool {
      switch status {
      case .ok, .done: true
      case .skipped: if case .condition? = reason { true } else { false }
      case .failed, .declined, .blocked, .unknown: false
      }
    }
  }

  let kind: Kind
  let origin: Origin
  /// Steps still to go with their owners; the first one is current.
  private(set) var queue: [(owner: StepID, step: StepID)]
  private(set) var entries: [Entry] = []
  /// How far the first of the queue came.
  var current = StepProgress()

  init(_ kind: Kind, _ origin: Origin, queue: [(owner: StepID, step: StepID)]) {
    self.kind = kind
    self.origin = origin
    self.queue = queue
  }

  static func == (a: Self, b: Self) -> Bool {
    a.kind == b.kind && a.origin == b.origin && a.entries == b.entries && a.current == b.current
      && a.queue.elementsEqual(b.queue) { $0.owner == $1.owner && $0.step == $1.step }
  }

  /// Why the current step runs.
  var role: StepRole? {
    queue.first.map { kind == .undo ? .undo(of: $0.owner) : .rescue(of: $0.owner) }
  }

  /// Whether `id` is the step that is current.
  func isAt(_ id: StepID) -> Bool { queue.first?.step == id }

  /// Another process goes on: what only the old one decided is open again, and so is the first step that was
  /// declined or whose outcome nobody knows.
  mutating func reopen() {
    current.isConfirmed = false
    guard current == StepProgress(),
      let index = entries.firstIndex(where: { $0.status == .declined || $0.status == .unknown })
    else { return }
    let entry = entries.remove(at: index)
    queue.insert((entry.owner, entry.step), at: 0)
    guard entry.status == .unknown else { return }
    current.status = .unknown
    current.isOrphan = true
  }

  /// Moves on behind a current step that ended, however it ended; gives the entry made of it.
  mutating func advance() -> Entry? {
    guard let status = current.status, !current.isOrphan, let first = queue.first else { return nil }
    let entry = Entry(owner: first.owner, step: first.step, status: status, reason: current.reason)
    entries.append(entry)
    queue.removeFirst()
    current = StepProgress()
    return entry
  }

  /// What the run comes to when it ends here; `unknown` is a main step whose outcome nobody knows.
  func outcome(unknown: StepID?) -> RunOutcome {
    if let entry = entries.first(where: { $0.status == .unknown }) { return .unknown(entry.step) }
    if let unknown { return .unknown(unknown) }
    let bad = entries.first { !$0.isGood }
    switch (kind, origin) {
    case (.rescue, .failure(let step)), (.rescue, .choice(let step)): return .failed(step)
    case (.undo, .failure(let step)):
      return bad == nil && queue.isEmpty && !entries.isEmpty ? .undone(step) : .failed(step)
    case (.undo, .choice(let step)): return bad.map { Self.outcome(of: $0) } ?? .declined(step)
    case (_, .request): return bad.map { Self.outcome(of: $0) } ?? .completed
    }
  }

  private static func outcome(of entry: Entry) -> RunOutcome {
    entry.status == .declined || entry.reason == .operatorChoice ? .declined(entry.step) : .failed(entry.step)
  }
}
