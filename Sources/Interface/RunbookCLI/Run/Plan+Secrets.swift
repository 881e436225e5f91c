import RunbookAdapter
import RunbookModel

extension Plan {
  /// Every secret the plan refers to: of its parameters, its steps' targets and what those give to programs.
  func secrets(by adapters: AdapterRegistry) -> [SecretReference] {
    let targets = steps.map(\.target).flatMap { target in
      target.secrets
        + (adapters.targetType(named: target.type)?.processEnvironment(of: target).secrets ?? [])
    }
    return parameters.sorted { $0.key < $1.key }.compactMap(\.value.secret) + targets
  }
}
