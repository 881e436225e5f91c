import CommandAdapter
import ComposeAdapter
import HealthAdapter
import PostgresAdapter
import RedisAdapter
import RunbookAdapter

extension AdapterRegistry {
  /// The adapters this program ships: a new one is one line here.
  static let standard = AdapterRegistry([
    CommandAdapter(), HealthAdapter(), PostgresAdapter(), ComposeAdapter(), RedisAdapter(),
  ])
}
