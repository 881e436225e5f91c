// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// A Swift module in `Sources/<folder>/<name>`.
func module(_ folder: String, _ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: settings)
}

/// A C module in `Sources/System/<name>`: the calls Swift cannot make itself.
func shim(_ name: String, links libraries: [String] = []) -> Target {
  .target(
    name: name, path: "Sources/System/\(name)",
    cSettings: [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)],
    linkerSettings: libraries.map { .linkedLibrary($0) })
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let contract: [Target.Dependency] = ["RunbookAdapter", "RunbookDiagnostics", "RunbookModel"]
let adapters: [Target.Dependency] = [
  "CommandAdapter", "ComposeAdapter", "HealthAdapter", "PostgresAdapter", "RedisAdapter",
]

let package = Package(
  name: "runbook",
  products: [
    .executable(name: "runbook", targets: ["runbook"]),
    .library(
      name: "RunbookLanguage",
      targets: ["RunbookDiagnostics", "RunbookSyntax", "RunbookModel", "RunbookCompiler"]),
    .library(name: "RunbookAdapter", targets: ["RunbookAdapter"]),
    .library(name: "RunbookEngine", targets: ["RunbookEngine"]),
    .library(
      name: "RunbookStandardAdapters",
      targets: ["CommandAdapter", "ComposeAdapter", "HealthAdapter", "PostgresAdapter", "RedisAdapter"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    shim("CMarkGFM", links: ["cmark-gfm", "cmark-gfm-extensions"]),
    shim("CYAML", links: ["yaml"]),
    shim("CPQ"),
    shim("CCurl"),
    shim("CJQ"),
    shim("CCrypto"),
    shim("CHiredis"),
    shim("CProcess"),

    module("Language", "RunbookDiagnostics", []),
    module("Language", "RunbookSyntax", ["CMarkGFM", "CYAML", "RunbookDiagnostics"]),
    module("Language", "RunbookModel", ["RunbookDiagnostics"]),
    module("Language", "RunbookAdapter", ["RunbookDiagnostics", "RunbookModel"]),
    module("Language", "RunbookCompiler", contract + ["RunbookSyntax"]),

    module("Execution", "RunbookEngine", contract),
    module("Execution", "RunbookAudit", ["CCrypto", "CPQ", "RunbookModel"]),
    module("Execution", "RunbookLocks", ["RunbookModel"]),
    module("Execution", "RunbookSecrets", contract),
    module("Execution", "RunbookProcesses", contract + ["CProcess"]),
    module("Execution", "RunbookFilters", contract + ["CJQ"]),

    module("Adapters", "InnerPrograms", ["RunbookModel"]),
    module("Adapters", "CommandAdapter", contract + ["CCrypto", "InnerPrograms"]),
    module("Adapters", "HTTPTransport", ["CCurl", "RunbookAdapter"]),
    module("Adapters", "ComposeAdapter", contract + ["CYAML", "HTTPTransport", "InnerPrograms"]),
    module("Adapters", "HealthAdapter", contract + ["HTTPTransport"]),
    module("Adapters", "PostgresAdapter", contract + ["CPQ"]),
    module("Adapters", "RedisAdapter", contract + ["CHiredis"]),

    module(
      "Interface", "RunbookCLI",
      contract + adapters + [
        "HTTPTransport", "RunbookAudit", "RunbookCompiler", "RunbookEngine", "RunbookFilters",
        "RunbookLocks", "RunbookProcesses", "RunbookSecrets", "RunbookSyntax",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]),
    .executableTarget(
      name: "runbook", dependencies: ["RunbookCLI", "RunbookFilters", "RunbookProcesses"],
      path: "Sources/Interface/runbook",
      swiftSettings: settings),

    .executableTarget(
      name: "page-benchmark",
      dependencies: contract + [
        "CJQ", "CMarkGFM", "RunbookAudit", "RunbookCompiler", "RunbookFilters", "RunbookSyntax",
      ],
      path: "Benchmarks/PageBenchmark", swiftSettings: settings),
    .executableTarget(
      name: "audit-benchmark", dependencies: ["RunbookAudit", "RunbookModel"],
      path: "Benchmarks/AuditBenchmark", swiftSettings: settings),

    .target(
      name: "TestSupport", dependencies: contract, path: "Tests/TestSupport", swiftSettings: settings),
    tests("RunbookDiagnosticsTests", ["RunbookDiagnostics", "TestSupport"]),
    tests("RunbookSyntaxTests", ["RunbookDiagnostics", "RunbookSyntax", "TestSupport"]),
    tests("RunbookModelTests", ["RunbookDiagnostics", "RunbookModel", "TestSupport"]),
    tests(
      "RunbookCompilerTests",
      contract + adapters + ["RunbookCompiler", "RunbookFilters", "RunbookSyntax", "TestSupport"]),
    tests("RunbookEngineTests", contract + ["RunbookEngine", "TestSupport"]),
    tests("RunbookAuditTests", ["RunbookAudit", "RunbookModel", "TestSupport"]),
    tests("RunbookLocksTests", ["RunbookLocks", "RunbookModel", "TestSupport"]),
    tests("RunbookSecretsTests", contract + ["RunbookSecrets", "TestSupport"]),
    .executableTarget(
      name: "ProcessDriver", dependencies: contract + ["RunbookProcesses", "TestSupport"],
      path: "Tests/ProcessDriver", swiftSettings: settings),
    tests(
      "RunbookProcessesTests",
      contract + ["CProcess", "ProcessDriver", "RunbookProcesses", "TestSupport", "runbook"]),
    tests(
      "RunbookFiltersTests", contract + ["RunbookFilters", "RunbookProcesses", "TestSupport", "runbook"]),
    tests(
      "CommandAdapterTests", contract + ["CommandAdapter", "RunbookProcesses", "TestSupport", "runbook"]),
    tests(
      "ComposeAdapterTests",
      contract + ["ComposeAdapter", "ProcessDriver", "RunbookProcesses", "TestSupport"]),
    tests("HealthAdapterTests", contract + ["HealthAdapter", "TestSupport"]),
    tests("PostgresAdapterTests", contract + ["PostgresAdapter", "TestSupport"]),
    tests("RedisAdapterTests", contract + ["RedisAdapter", "TestSupport"]),
    .target(name: "CTerminal", path: "Tests/CTerminal"),
    tests(
      "RunbookCLITests", contract + ["CTerminal", "RunbookCLI", "RunbookAudit", "TestSupport", "runbook"]),
  ],
  swiftLanguageModes: [.v6]
)
