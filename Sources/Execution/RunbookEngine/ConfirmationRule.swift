import RunbookModel

/// What must be answered before a step starts: the environment's policy and the page together, the stricter wins.
enum ConfirmationRule: Sendable, Equatable {
  /// A read that nobody wants to be asked about.
  case none
  /// It changes something, but the environment asks nothing here.
  case allowedByPolicy
  /// A person or an option must say yes.
  case asked

  /// Of a step in an environment. A protected environment asks about destructive steps whatever its policy says.
  init(for step: Step, in environment: Environment) {
    guard case .call = step.action else {
      self = .none
      return
    }
    let isProtected = environment.isProtected && step.effect == .destructive
    if step.confirm != nil || environment.confirm.asks(about: step.effect) || isProtected {
      self = .asked
    } else {
      self = step.effect == .read ? .none : .allowedByPolicy
    }
  }
}

extension Environment.ConfirmPolicy {
  /// Whether a step of that effect is asked about.
  fileprivate func asks(about effect: Effect) -> Bool {
    switch self {
    case .never: false
    case .destructive: effect >= .destructive
    case .write: effect >= .write
    case .always: true
    }
  }
}

extension ConfirmationRequest {
  /// The question of `step`; a destructive one wants its target's name typed.
  init(for step: Step, in environment: Environment, values: [String: Value]) {
    let question = step.confirm?.displayText(values) ?? "Run '\(step.title)' on \(step.target.name)?"
    let name =
      environment.isProtected ? "\(environment.name)/\(step.target.name)" : step.target.name
    self.init(question: question, mustType: step.effect == .destructive ? name : nil)
  }
}
