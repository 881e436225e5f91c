import Glibc
import RunbookModel

/// The step graph in the languages of graph tools.
struct GraphView {
  let plan: Plan

  private enum Edge { case need, undo, rescue, verify }

  private var edges: [(from: StepID, to: StepID, kind: Edge)] {
    plan.steps.flatMap { step in
      var edges = step.needs.map { (from: $0, to: step.id, kind: Edge.need) }
      if let undo = step.undo { edges.append((step.id, undo, .undo)) }
      if let verify = step.verify { edges.append((step.id, verify, .verify)) }
      if case .rescue(let id) = step.onFailure { edges.append((step.id, id, .rescue)) }
      return edges
    }
  }

  /// Mermaid's flowchart (rendered by GitHub).
  var mermaid: String {
    var text = "flowchart TD\n"
    for step in plan.steps {
      let label = "\(Markup.mermaid.escaped(step.title))<br/>\(Markup.mermaid.escaped(caption(of: step)))"
      let shape = step.effect == .read ? ("[", "]") : step.effect == .write ? ("([", "])") : ("{{", "}}")
      text += "  \(identifier(step.id))\(shape.0)\"\(label)\"\(shape.1)\n"
    }
    for edge in edges {
      let arrow =
        switch edge.kind {
        case .need: "-->"
        case .undo: "-. undo .->"
        case .rescue: "-. on failure .->"
        case .verify: "-. verify .->"
        }
      text += "  \(identifier(edge.from)) \(arrow) \(identifier(edge.to))\n"
    }
    return text
  }

  /// Graphviz' language.
  var dot: String {
    var text = "digraph runbook {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n"
    for step in plan.steps {
      let style =
        switch step.effect {
        case .read: ""
        case .write: ", style=rounded"
        case .destructive: ", shape=octagon"
        }
      let label = "\(Markup.dot.escaped(step.title))\\n\(Markup.dot.escaped(caption(of: step)))"
      text += "  \"\(step.id)\" [label=\"\(label)\"\(style)];\n"
    }
    for edge in edges {
      let attributes =
        switch edge.kind {
        case .need: ""
        case .undo: " [style=dashed, label=\"undo\"]"
        case .rescue: " [style=dashed, label=\"on failure\"]"
        case .verify: " [style=dashed, label=\"verify\"]"
        }
      text += "  \"\(edge.from)\" -> \"\(edge.to)\"\(attributes);\n"
    }
    return text + "}\n"
  }

  /// Hands the DOT form to Graphviz, whose output is ours.
  func writeSVG() throws {
    guard let program = Files.program(named: "dot") else {
      throw CommandFailure("'dot' is not on PATH; install Graphviz, or draw --as mermaid", exitCode: 1)
    }
    let path = "/proc/self/fd/\(try Files.temporary(Array(dot.utf8)))"
    var arguments: [UnsafeMutablePointer<CChar>?] =
      (["dot", "-Tsvg", path] as [String]).map { strdup($0) } + [nil]
    // This process has nothing left to do: it becomes the drawer.
    execv(program, &arguments)
    throw CommandFailure("\(program): \(String(cString: strerror(errno)))", exitCode: 70)
  }

  /// What stands below the title; a step without a title of its own is called by its id, which is not said twice.
  private func caption(of step: Step) -> String {
    step.title == step.id.rawValue ? word(for: step) : "\(step.id) · \(word(for: step))"
  }

  private func word(for step: Step) -> String {
    switch step.action {
    case .manual: "a person"
    case .ask: "a question"
    case .wait: "a pause"
    case .call: "\(step.effect.rawValue) on \(step.target.name)"
    }
  }

  private func identifier(_ id: StepID) -> String { "s_\(id.variableName)" }
}
