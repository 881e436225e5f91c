internal import RunbookModel

/// One container of a service, as the engine describes it.
struct ServiceState: Sendable, Equatable {
  /// One port of the container.
  struct Port: Sendable, Equatable {
    /// The host's address; nil where it is not published.
    let address: String?
    /// The host's port; nil where it is not published.
    let published: Int?
    /// The container's own.
    let target: Int
    /// `tcp`, `udp`, `sctp`.
    let transport: String
  }

  let service: String
  let number: Int
  let name: String
  let id: String
  /// `created running paused restarting removing exited dead`.
  let state: String
  /// The engine's own words, for example `Up 3 minutes (healthy)`.
  let status: String
  /// `starting healthy unhealthy`; nil without a health check.
  let health: String?
  /// nil while it runs or was never started.
  let exitCode: Int?
  let image: String
  let imageID: String
  let ports: [Port]
  let startedAt: String?
  let finishedAt: String?
  /// What Compose made it from; differs where `up` would make it anew.
  let configHash: String?
  /// Whether its output is a terminal's, without frames.
  let hasTerminal: Bool

  var isRunning: Bool { state == "running" || state == "restarting" || state == "paused" }

  /// The member of the result.
  var json: JSONValue {
    [
      "service": .string(service),
      "state": .string(state),
      "health": .optional(health),
      "exit_code": exitCode.map { .integer($0) } ?? .null,
      "image": .string(image),
      "image_id": .string(imageID),
      "ports": .array(
        ports.map { port in
          [
            "address": .optional(port.address),
            "published": port.published.map { .integer($0) } ?? .null,
            "target": .integer(port.target),
            "protocol": .string(port.transport),
          ]
        }),
      "container": .string(name),
      "container_id": .string(id),
      "started_at": .optional(startedAt),
      "finished_at": .optional(finishedAt),
    ]
  }

  /// Ports as people write them: `127.0.0.1:15432->5432/tcp`.
  var portsText: String {
    ports.map { port in
      let target = "\(port.target)/\(port.transport)"
      guard let published = port.published else { return target }
      let address = port.address.map { $0.contains(":") ? "[\($0)]:" : "\($0):" } ?? ""
      return "\(address)\(published)->\(target)"
    }.joined(separator: ", ")
  }
}

extension DockerEngine {
  /// The containers of a project's services, one-off containers of `run` left out, by service and number.
  func services(of project: String) async throws(StepFailure) -> [ServiceState] {
    let filter: JSONValue = ["label": [.string("com.docker.compose.project=\(project)")]]
    let list =
      try await json(
        "/containers/json", query: [("all", "1"), ("filters", filter.text)])?.array ?? []
    let containers = list.filter {
      $0["Labels"]?["com.docker.compose.oneoff"]?.string?.lowercased() != "true"
    }
    let details = try await json(
      containers.map { request("/containers/\($0["Id"]?.string ?? "")/json") })
    return zip(containers, details).compactMap { entry, detail in
      // A container that went away between the two questions is none.
      detail.flatMap { ServiceState(entry: entry, detail: $0) }
    }.sorted { ($0.service, $0.number, $0.name) < ($1.service, $1.number, $1.name) }
  }
}

extension ServiceState {
  /// From an entry of the engine's list and the description of the same container.
  init?(entry: JSONValue, detail: JSONValue) {
    guard let labels = detail["Config"]?["Labels"],
      let service = labels["com.docker.compose.service"]?.string, let id = detail["Id"]?.string,
      let state = detail["State"]?["Status"]?.string
    else { return nil }
    func time(_ name: String) -> String? {
      detail["State"]?[name]?.string.flatMap { $0.hasPrefix("0001-") ? nil : $0 }
    }
    self.service = service
    self.id = id
    self.state = state
    number = labels["com.docker.compose.container-number"]?.string.flatMap(Int.init) ?? 1
    name = detail["Name"]?.string.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 } ?? id
    status = entry["Status"]?.string ?? state
    health = detail["State"]?["Health"]?["Status"]?.string.flatMap { $0 == "none" ? nil : $0 }
    let hasEnded = ["exited", "dead"].contains(state)
    exitCode = hasEnded ? detail["State"]?["ExitCode"]?.integer : nil
    image = detail["Config"]?["Image"]?.string ?? ""
    imageID = detail["Image"]?.string ?? ""
    startedAt = time("StartedAt")
    finishedAt = hasEnded ? time("FinishedAt") : nil
    configHash = labels["com.docker.compose.config-hash"]?.string
    hasTerminal = detail["Config"]?["Tty"]?.boolean ?? false
    ports = (entry["Ports"]?.array ?? []).compactMap { port in
      guard let target = port["PrivatePort"]?.integer else { return nil }
      return Port(
        address: port["IP"]?.string, published: port["PublicPort"]?.integer, target: target,
        transport: port["Type"]?.string ?? "tcp")
    }.sorted {
      ($0.target, $0.transport, $0.address ?? "", $0.published ?? 0)
        < ($1.target, $1.transport, $1.address ?? "", $1.published ?? 0)
    }
  }
}
