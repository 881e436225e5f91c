import ComposeAdapter
import RunbookAdapter
import RunbookModel
import Testing

@Suite struct ComposeTargetTests {
  let type = ComposeTargetType()

  func target(_ settings: [String: Target.Setting]) -> Target {
    var all: [String: Target.Setting] = [
      "files": .list([.text("/srv/compose.yaml"), .text("/srv/more.yaml")]), "project": .value(.text("shop")),
    ]
    all.merge(settings) { $1 }
    return Target(name: "stack", type: "compose", settings: all)
  }

  @Test func `the tools of a target get its project, files and engine`() {
    let environment = type.processEnvironment(
      of: target([
        "env_file": .value(.text("/srv/.env")), "profiles": .list([.text("a"), .text("b")]),
        "docker_host": .value(.text("tcp://10.0.0.1:2376")), "docker_cert_path": .value(.text("/certs")),
      ]))
    #expect(
      environment.variables.map { "\($0.name)=\($0.value.displayText)" } == [
        "COMPOSE_FILE=/srv/compose.yaml:/srv/more.yaml", "COMPOSE_PATH_SEPARATOR=:",
        "COMPOSE_PROJECT_NAME=shop",
        "DOCKER_HOST=tcp://10.0.0.1:2376", "COMPOSE_PROFILES=a,b", "DOCKER_TLS_VERIFY=1",
        "DOCKER_CERT_PATH=/certs", "COMPOSE_ENV_FILES=/srv/.env",
      ])
  }

  @Test func `a colon in a path does not divide it`() {
    let environment = type.processEnvironment(
      of: target(["files": .list([.text("/a:b/c.yaml"), .text("/d.yaml")])]))
    #expect(environment.variables.first?.value == .text("/a:b/c.yaml;/d.yaml"))
    #expect(environment.variables.dropFirst().first?.value == .text(";"))
  }

  @Test func `a target is shown with what it leads to`() {
    #expect(type.summary(of: target([:])) == "shop of /srv/compose.yaml, /srv/more.yaml")
    #expect(
      type.summary(of: target(["docker_host": .value(.text("tcp://10.0.0.1:2375"))]))
        == "shop of /srv/compose.yaml, /srv/more.yaml on tcp://10.0.0.1:2375")
  }

  @Test(arguments: [
    (
      "project", "Shop",
      "'Shop' is no project name: lower-case letters, digits, '-' and '_', not '-' or '_' first"
    ),
    (
      "project", "-x",
      "'-x' is no project name: lower-case letters, digits, '-' and '_', not '-' or '_' first"
    ),
    ("docker_host", "ssh://host", "engines by ssh are not reached: unix://PATH or tcp://HOST:PORT"),
    (
      "docker_host", "/run/docker.sock",
      "'/run/docker.sock' is no engine's address: unix://PATH or tcp://HOST:PORT"
    ),
    ("docker_host", "unix://docker.sock", "'unix://docker.sock' is no absolute path"),
    ("docker_host", "tcp://host", "'tcp://host' is not of the form tcp://HOST:PORT"),
    ("docker_cert_path", "/certs", "'docker_cert_path' is for an engine at tcp://"),
  ]) func `settings that lead nowhere are named`(key: String, value: String, problem: String) {
    #expect(type.problems(with: target([key: .value(.text(value))])) == [problem])
  }

  @Test func `a good target has no problems`() {
    #expect(type.problems(with: target([:])).isEmpty)
    #expect(
      type.problems(with: target(["docker_host": .value(.text("unix:///run/user/1000/docker.sock"))])).isEmpty
    )
  }
}
