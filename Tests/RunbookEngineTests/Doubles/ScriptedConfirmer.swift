import RunbookEngine
import RunbookModel
import Synchronization

/// Answers from lists, in order; with an empty list there is no answer.
final class ScriptedConfirmer: Confirmer {
  /// One answer.
  enum Reply: Sendable {
    case confirm(Answer, typed: String? = nil)
    case manual(ManualReply)
    case input(String)
    case failure(FailureReply)
    /// No answer, after something happened.
    case nothing(@Sendable () -> Void)
  }

  private struct State {
    var replies: [Reply]
    var prompts: [String] = []
    var problems: [String] = []
  }

  private let state: Mutex<State>

  init(_ replies: [Reply] = []) { state = Mutex(State(replies: replies)) }

  /// What was asked, in order.
  var prompts: [String] { state.withLock { $0.prompts } }
  /// Why replies did not count, in order.
  var problems: [String] { state.withLock { $0.problems } }

  func confirm(_ prompt: ConfirmationPrompt) async -> ConfirmationReply? {
    let choices = prompt.choices.map(\.rawValue).joined(separator: ",")
    let reply = next("confirm \(prompt.subject.step.id) \(choices)", prompt.problem)
    guard case .confirm(let answer, let typed)? = reply else { return nil }
    return ConfirmationReply(answer, typed: typed)
  }

  func manual(_ prompt: ManualPrompt) async -> ManualReply? {
    guard case .manual(let reply)? = next("manual \(prompt.subject.step.id)", prompt.problem) else {
      return nil
    }
    return reply
  }

  func input(_ prompt: InputPrompt) async -> String? {
    guard case .input(let text)? = next("input \(prompt.text)", prompt.problem) else { return nil }
    return text
  }

  func failure(_ prompt: FailurePrompt) async -> FailureReply? {
    let reply = next("failure \(prompt.subject.step.id) \(prompt.status.rawValue)", prompt.problem)
    guard case .failure(let answer)? = reply else { return nil }
    return answer
  }

  private func next(_ prompt: String, _ problem: String?) -> Reply? {
    let reply: Reply? = state.withLock { state in
      state.prompts.append(prompt)
      if let problem { state.problems.append(problem) }
      return state.replies.isEmpty ? nil : state.replies.removeFirst()
    }
    if case .nothing(let effect)? = reply { effect() }
    return reply
  }
}
