import RunbookModel

/// A read that is to tell whether a step took effect whose end nobody saw.
struct Verification: Sendable, Equatable {
  /// The unknown step.
  let owner: StepID
  /// The read, which may be a main step too: how it ends here is no part of the walk.
  let step: StepID
  /// How far the read came.
  var current = StepProgress()

  init(of owner: StepID, by step: StepID) {
    self.owner = owner
    self.step = step
  }
}
