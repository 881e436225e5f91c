import RunbookCLI
import RunbookFilters
import RunbookProcesses

@main struct RunbookProgram {
  static func main() {
    CrashReports.turnOff()
    // Two other roles of this program branch off before any thread and any runtime.
    SupervisorProcess.runIfAsked()
    FilterWorker.runIfAsked()
    runbookMain()
  }
}
