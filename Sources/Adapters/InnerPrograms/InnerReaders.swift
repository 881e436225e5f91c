/// The programs whose command lines are understood, by name without a version at its end.
enum InnerReaders {
  /// Programs that read a program, wherever in the words they stand: `env`, `gosu` and their like come before.
  static let all: [String: InnerReader] = {
    var readers: [String: InnerReader] = [:]
    func add(_ names: String, _ reader: InnerReader) {
      for name in names.split(separator: " ") { readers[String(name)] = reader }
    }
    let shell = "pass it as an argument: sh -c '… \"$1\"' sh ${name}"
    add(
      "sh bash rbash dash ash zsh ksh mksh pdksh yash csh tcsh posh",
      InnerReader(
        operands: .command, values: "oO", flags: "abefhiklmnprtuvxBCDEHPTV",
        longValues: ["rcfile": 1, "init-file": 1],
        longFlags: ["login", "norc", "noprofile", "posix", "restricted", "verbose", "noediting"],
        advice: shell))
    add(
      "fish",
      InnerReader(operands: .script, texts: "cC", longTexts: ["command", "init-command"], advice: shell))
    add(
      "su runuser",
      InnerReader(
        operands: .text(2...Int.max), texts: "c", values: "gGsuw", flags: "flmpP",
        longTexts: ["command", "session-command"],
        longValues: ["group": 1, "supp-group": 1, "shell": 1, "user": 1],
        longFlags: ["login", "fast", "preserve-environment", "pty"], advice: shell))
    add(
      "python pypy",
      InnerReader(
        operands: .script, texts: "cm", values: "WX", flags: "bBdEiIOPqRsStuvx?", stopsEarly: true,
        programModules: ["timeit"]))
    add(
      "perl",
      InnerReader(
        operands: .script, texts: "eE", values: "I", attached: "FimMx", flags: "0123456789aclnpfsStTuUvwWX"))
    add(
      "ruby jruby",
      InnerReader(
        operands: .script, texts: "e", values: "IrCE", attached: "Fix", flags: "0123456789aclnpsSTvwWdhy"))
    add(
      "php",
      InnerReader(
        operands: .script, texts: "rBRE", values: "cdFtSz", flags: "aCHilmnqsvw",
        longTexts: ["run", "process-begin", "process-code", "process-end"]))
    add(
      "node nodejs bun",
      InnerReader(
        operands: .script, texts: "ep", values: "rC", flags: "civ", longTexts: ["eval", "print"],
        longValues: ["require": 1, "import": 1],
        longFlags: ["inspect", "no-warnings", "trace-warnings", "enable-source-maps", "check"]))
    add("deno", InnerReader(operands: .subcommand(["EVAL", "REPL"])))
    add("lua luajit", InnerReader(operands: .script, texts: "e", values: "l", flags: "ivEW"))
    add("julia", InnerReader(operands: .script, texts: "eE", values: "LptJ", longTexts: ["eval", "print"]))
    add("elixir", InnerReader(operands: .script, texts: "er", longTexts: ["eval", "rpc-eval"]))
    add(
      "R Rscript",
      InnerReader(operands: .script, texts: "e", longFlags: ["vanilla", "slave", "no-save", "quiet"]))
    add("groovy scala", InnerReader(operands: .script, texts: "e"))
    add(
      "psql",
      InnerReader(
        operands: .data, texts: "c", values: "dfvLoFPRThpU", flags: "lVX1?abeEnqsSAHtxz0wW",
        longTexts: ["command"],
        longValues: [
          "dbname": 1, "file": 1, "set": 1, "variable": 1, "log-file": 1, "output": 1, "field-separator": 1,
          "pset": 1, "record-separator": 1, "table-attr": 1, "host": 1, "port": 1, "username": 1,
        ],
        longFlags: [
          "list", "version", "no-psqlrc", "single-transaction", "echo-all", "echo-errors", "echo-queries",
          "echo-hidden", "no-readline", "quiet", "single-step", "single-line", "no-align", "csv", "html",
          "tuples-only", "expanded", "field-separator-zero", "record-separator-zero", "no-password",
          "password",
        ],
        readsStatements: true,
        advice:
          "bind it in an sql step, or give psql -v name=${name} and :'name' in what it reads from a file or "
          + "from its standard input, not from -c"))
    add(
      "mysql mariadb clickhouse-client clickhouse",
      InnerReader(
        operands: .data, texts: "eq", values: "hPuDS", attached: "p", flags: "ABbCfGHiNnrsstTvVwXE",
        longTexts: ["execute", "query", "init-command"],
        longValues: [
          "host": 1, "port": 1, "user": 1, "database": 1, "socket": 1, "protocol": 1, "format": 1,
        ],
        longFlags: ["batch", "silent", "skip-column-names", "table", "vertical", "force", "verbose"],
        readsStatements: true, advice: "use a statement with a variable"))
    add(
      "mongosh mongo",
      InnerReader(
        operands: .data, values: "fup", longTexts: ["eval"],
        longValues: [
          "host": 1, "port": 1, "username": 1, "password": 1, "file": 1, "authenticationDatabase": 1,
        ],
        longFlags: ["quiet", "norc", "nodb", "tls"], readsStatements: true))
    add(
      "redis-cli valkey-cli keydb-cli",
      InnerReader(
        operands: .subcommand(["EVAL", "EVAL_RO"], ["SCRIPT", "FUNCTION"]), values: "hpstauridnD",
        flags: "cxXe23", longValues: ["user": 1, "pass": 1, "cacert": 1, "cert": 1, "key": 1],
        longFlags: ["raw", "no-raw", "csv", "json", "tls", "no-auth-warning", "verbose", "quoted-input"],
        advice: "pass it as ARGV"))
    add(
      "sqlite",
      InnerReader(
        operands: .text(2...Int.max), longTexts: ["cmd"],
        longValues: ["init": 1, "separator": 1, "nullvalue": 1, "newline": 1, "vfs": 1],
        longFlags: [
          "header", "noheader", "batch", "bail", "readonly", "csv", "json", "line", "list", "column", "html",
          "markdown", "table", "box", "quote", "echo", "safe",
        ],
        readsStatements: true, hasWordOptions: true, advice: "bind it with .parameter"))
    add(
      "awk gawk mawk nawk",
      InnerReader(
        operands: .text(1...1), texts: "e", values: "vFf",
        longTexts: ["source"], longValues: ["assign": 1, "field-separator": 1, "file": 1], stopsEarly: true,
        advice: "pass it as a variable: awk -v name=${name}"))
    add(
      "sed gsed",
      InnerReader(
        operands: .text(1...1), texts: "e", values: "fl", attached: "i", flags: "nErsuz",
        longTexts: ["expression"], longValues: ["file": 1, "line-length": 1],
        longFlags: ["quiet", "silent", "regexp-extended", "null-data", "separate", "unbuffered", "posix"],
        advice: "a value cannot be quoted for sed"))
    add(
      "jq",
      InnerReader(
        operands: .text(1...1), values: "fL", flags: "nrRsSjaCMce",
        longValues: [
          "arg": 2, "argjson": 2, "slurpfile": 2, "rawfile": 2, "indent": 1, "from-file": 1,
        ],
        longFlags: [
          "null-input", "raw-input", "slurp", "compact-output", "raw-output", "join-output", "ascii-output",
          "sort-keys", "exit-status", "tab", "seq", "stream", "color-output", "monochrome-output",
        ],
        advice: "pass it as a variable: jq --arg name ${name}"))
    return readers
  }()

  /// Programs that start the program named in their arguments, and programs of whose arguments nothing is
  /// understood. Looked for where a program stands only: many are common words.
  static let starters: [String: InnerReader] = {
    var starters: [String: InnerReader] = [:]
    func add(_ names: String, _ reader: InnerReader) {
      for name in names.split(separator: " ") { starters[String(name)] = reader }
    }
    add(
      "env",
      InnerReader(
        operands: .program(1), texts: "S", values: "uC", flags: "i0v", longTexts: ["split-string"],
        longValues: ["unset": 1, "chdir": 1], longFlags: ["ignore-environment"], stopsEarly: true))
    add("gosu su-exec chroot", InnerReader(operands: .program(2), stopsEarly: true))
    add(
      "timeout",
      InnerReader(
        operands: .program(2), values: "ks", flags: "v", longValues: ["kill-after": 1, "signal": 1],
        longFlags: ["foreground", "preserve-status", "verbose"], stopsEarly: true))
    add(
      "flock",
      InnerReader(operands: .program(2), texts: "c", values: "wE", flags: "sxuneoF", stopsEarly: true))
    add("nice", InnerReader(operands: .program(1), values: "n", stopsEarly: true))
    add(
      "nohup setsid busybox toybox exec command builtin",
      InnerReader(operands: .program(1), flags: "cfwp", stopsEarly: true))
    add("time stdbuf", InnerReader(operands: .program(1), values: "foie", flags: "pv", stopsEarly: true))
    add("ionice", InnerReader(operands: .program(1), values: "cn", flags: "t", stopsEarly: true))
    add("sudo doas", InnerReader(operands: .program(1), values: "ugC", flags: "nEHS", stopsEarly: true))
    add("tini dumb-init", InnerReader(operands: .program(1), values: "p", flags: "sgvwc", stopsEarly: true))
    add("xargs", InnerReader(operands: .program(1), values: "ILnPsdaE", flags: "0rtpx", stopsEarly: true))
    add(
      "eval", InnerReader(operands: .text(1...Int.max), advice: "call the command itself, without eval"))
    add(
      "trap",
      InnerReader(
        operands: .text(1...1), flags: "lp", stopsEarly: true,
        advice: "put the program in single quotes, so that it reads the variable when it runs"))
    add(
      "watch",
      InnerReader(
        operands: .text(1...Int.max), values: "n", flags: "bcdegptw", stopsEarly: true,
        advice: "watch -x runs the words as they are, without a shell"))
    add(
      "ssh",
      InnerReader(
        operands: .text(2...Int.max), values: "bBcDeEFiIJlLmoOpPQRSwW", flags: "46aACfgGkKMnNqstTvVxXyY",
        optionsEnd: 2, readsStatements: true,
        advice: "quote it for the shell at the other end: in bash ${name@Q}"))
    add(
      "make gmake expect gdb lldb ed ex vi vim nvim emacs script pwsh powershell tclsh erl iex ghci "
        + "duckdb sqlplus cqlsh influx parallel setpriv unshare nsenter chpst crontab at batch m4 osascript",
      InnerReader(operands: .unknown))
    return starters
  }()

  /// Programs of a shell script that start another one somewhere behind their own words.
  static let carriers: Set = [
    "docker", "docker-compose", "find", "kubectl", "nerdctl", "oc", "podman", "podman-compose",
  ]

  /// Programs and words of a shell behind which the name of another one is nothing but a word.
  static let dataPrograms: Set = [
    ":", "[", "[[", "ag", "apk", "apt", "apt-get", "brew", "case", "cat", "cd", "declare", "dnf", "echo",
    "egrep", "exit", "export", "false", "fgrep", "for", "grep", "kill", "killall", "local", "logger", "ls",
    "man", "pgrep", "pip", "pip3", "pkill", "printf", "ps", "read", "readonly", "return", "rg", "select",
    "set",
    "systemctl", "test", "true", "type", "typeset", "unset", "whereis", "which", "yum",
  ]

  /// The reader called `path`: its last part, without a version.
  static func named(_ path: String, in readers: [String: InnerReader]) -> (name: String, reader: InnerReader)?
  {
    let name = baseName(path)
    if let reader = readers[name] { return (name, reader) }
    var stem = Substring(name)
    while let last = stem.utf8.last, last == UInt8(ascii: ".") || last == UInt8(ascii: "-") || isDigit(last) {
      stem = stem.dropLast()
    }
    return readers[String(stem)].map { (name, $0) }
  }

  /// What stands behind the last slash.
  static func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
