import RunbookAdapter
import RunbookModel
import TestSupport
import Testing

@testable import ComposeAdapter

@Suite struct OptionTests {
  /// Every subcommand that Compose's own program runs, with all its options that both generations know.
  static let lines = [
    "build --build-arg A=1 --compress --force-rm -m 1g --no-cache --no-rm --parallel --progress plain --pull -q",
    "config --resolve-image-digests --no-interpolate -q --profiles --services --volumes --hash x",
    "create --force-recreate --no-recreate --no-build --build", "down --rmi all -v --remove-orphans -t 1",
    "events --json", "exec -d --privileged -u me -T --index 1 -e A=1 -w /x web true", "kill -s INT web",
    "pull --ignore-pull-failures --parallel --no-parallel -q --include-deps", "push --ignore-push-failures",
    "restart -t 1", "rm -fsv web",
    "run -d --name x --entrypoint y -e A=1 -l a=b -u me --no-deps --rm -p 1:1 --service-ports --use-aliases -v /a:/b -T -w /x web",
    "scale -t 1 web=1", "stop -t 1",
    "up -d --no-color --quiet-pull --no-deps --force-recreate --always-recreate-deps --no-recreate --no-build "
      + "--no-start --build --abort-on-container-exit --attach-dependencies -t 1 -V --remove-orphans "
      + "--exit-code-from web --scale web=1 --no-log-prefix",
  ]

  @Test func `the installed Compose knows every option that is passed on`() async throws {
    try await ComposeStack.with { stack async throws in
      let compose = try TestService.required("RUNBOOK_TEST_COMPOSE")
      for line in Self.lines {
        let name = String(line.prefix { $0 != " " })
        let help = try await stack.shell("\(compose) \(name) --help")
        let lines = try #require(stack.adapter.reading(line).options).lines
        for option in lines.flatMap({ $0.options.map(\.name) }) {
          let isListed = help.split(whereSeparator: { " ,=\n".contains($0) }).contains { $0 == option }
          #expect(isListed, "\(name) \(option)")
        }
      }
    }
  }
}
