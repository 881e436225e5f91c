import RunbookDiagnostics
import RunbookModel
import Testing

@Suite struct EnvironmentTests {
  @Test func `settings are read by the schema of their type`() throws {
    let read = ReadEnvironment(
      """
      targets:
        stack:
          type: compose
          files: [../../demo/compose.yaml, /etc/extra.yaml]
          env_file: ./x/../.env
          project: runbook-demo
          profiles: web
        db: {type: postgres, host: localhost, port: 5432, user: app, dbname: app, password: 'dotenv:../.env#DB', connect_timeout: 5s}
        api:
          type: http
          url: http://127.0.0.1:18090
          headers: {X-Team: platform, X-Key: 'env:KEY'}
        cache: {type: redis, url: 'env:REDIS_URL'}
      policy: {confirm: destructive}
      protected: true
      """)
    #expect(read.output == "")
    let environment = try #require(read.environment)
    #expect(
      environment
        == Environment(
          name: "demo", digest: Digest("sha256:environment"), isProtected: true, confirm: .destructive,
          targets: [
            Target(
              name: "stack", type: "compose",
              settings: [
                "files": .list([.text("/repo/demo/compose.yaml"), .text("/etc/extra.yaml")]),
                "env_file": .value(.text("/repo/runbooks/environments/.env")),
                "project": .value(.text("runbook-demo")), "profiles": .list([.text("web")]),
              ]),
            Target(
              name: "db", type: "postgres",
              settings: [
                "host": .value(.text("localhost")), "port": .value(.plain(5432)),
                "user": .value(.text("app")),
                "dbname": .value(.text("app")), "connect_timeout": .value(.plain(5000)),
                "password": .value(
                  .secret(
                    SecretReference(
                      name: "db.password", source: .dotenv(path: "/repo/runbooks/.env", name: "DB")))),
              ]),
            Target(
              name: "api", type: "http",
              settings: [
                "url": .value(.text("http://127.0.0.1:18090")),
                "headers": .named([
                  .init("X-Team", .text("platform")),
                  .init(
                    "X-Key", .secret(SecretReference(name: "api.headers.X-Key", source: .environment("KEY")))),
                ]),
              ]),
            Target(
              name: "cache", type: "redis",
              settings: [
                "url": .value(.secret(SecretReference(name: "cache.url", source: .environment("REDIS_URL"))))
              ]),
          ]))
  }

  @Test func `an empty file is an environment without targets that asks before writes`() throws {
    let environment = try #require(ReadEnvironment("# nothing\n").environment)
    #expect(environment.targets == [])
    #expect(environment.confirm == .write)
    #expect(!environment.isProtected)
  }

  @Test func `mistakes are told all at once, each where it is`() {
    let read = ReadEnvironment(
      """
      target: {}
      targets:
        Web: {type: http, url: http://x}
        local: {type: compose}
        a: {type: ssh, hosts: [x]}
        b: {type: postgress}
        c: {url: x}
        d: {type: postgres, url: 'postgresql://x', hots: y, port: 99999, password: hunter2, sslmode: on}
        e: {type: compose, project: p, env_file: {a: b}}
        f: {type: redis, url: 'redis://x', host: y}
      policy: {confirm: sometimes}
      protected: yes
      """)
    #expect(
      read.output == """
        demo.yaml:1:1: error: an environment has no key 'target' [RB0122]
         1 | target: {}
           | ^^^^^^
           = note: did you mean 'targets'?
        demo.yaml:3:3: error: 'Web' is no name of a target [RB0202]
         3 |   Web: {type: http, url: http://x}
           |   ^^^
           = note: names are lower-case letters, digits, '-' and '_', beginning with a letter or digit
        demo.yaml:4:3: error: 'local' is always this machine [RB0202]
         4 |   local: {type: compose}
           |   ^^^^^
        demo.yaml:5:13: error: targets of type 'ssh' are kept for a later version [RB0602]
         5 |   a: {type: ssh, hosts: [x]}
           |             ^^^
        demo.yaml:6:13: error: no target has the type 'postgress' [RB0601]
         6 |   b: {type: postgress}
           |             ^^^^^^^^^
           = note: did you mean 'postgres'?
        demo.yaml:7:3: error: the target 'c' has no type [RB0123]
         7 |   c: {url: x}
           |   ^
           = note: types are compose, http, postgres, redis
        demo.yaml:8:46: error: a target of type postgres has no setting 'hots' [RB0122]
         8 | …d: {type: postgres, url: 'postgresql://x', hots: y, port: 99999, password: hunter2, sslmode: on}
           |                                             ^^^^
           = note: did you mean 'host'?
        demo.yaml:8:61: error: 'port' must be an integer from 1 to 65535, not '99999' [RB0124]
         8 | …d: {type: postgres, url: 'postgresql://x', hots: y, port: 99999, password: hunter2, sslmode: on}
           |                                                            ^^^^^
        demo.yaml:8:78: error: 'password' must be a reference to a secret, never the secret itself [RB0606]
         8 | …d: {type: postgres, url: 'postgresql://x', hots: y, port: 99999, password: hunter2, sslmode: on}
           |                                                                             ^^^^^^^
           = note: references are env:NAME, file:PATH, dotenv:FILE#NAME and command:["program", "argument"]
        demo.yaml:8:96: error: 'sslmode' must be one of disable, allow, prefer, require, verify-ca, verify-full, not 'on' [RB0124]
         8 | …d: {type: postgres, url: 'postgresql://x', hots: y, port: 99999, password: hunter2, sslmode: on}
           |                                                                                               ^^
        demo.yaml:9:3: error: the target 'e' has no 'files': its Compose files, in the order they are merged [RB0123]
         9 |   e: {type: compose, project: p, env_file: {a: b}}
           |   ^
        demo.yaml:9:44: error: 'env_file' must be a text [RB0124]
         9 |   e: {type: compose, project: p, env_file: {a: b}}
           |                                            ^^^^^^
        demo.yaml:10:3: error: the target 'f': 'url' and 'host' say the same thing twice [RB0605]
         10 |   f: {type: redis, url: 'redis://x', host: y}
            |   ^
        demo.yaml:11:19: error: 'confirm' must be one of never, destructive, write, always, not 'sometimes' [RB0124]
         11 | policy: {confirm: sometimes}
            |                   ^^^^^^^^^
        demo.yaml:12:12: error: 'protected' must be true or false, not 'yes' [RB0124]
         12 | protected: yes
            |            ^^^
        """)
  }
}
