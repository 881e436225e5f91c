import RunbookProcesses

@main struct RunbookProgram {
  static func main() {
    SupervisorProcess.runIfAsked()
  }
}
