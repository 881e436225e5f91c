/// The commands of Redis: how many words each takes and what it can do.
///
/// Names and word counts are what `COMMAND` of Redis 7.0 answers, with what 7.2 to 8.0 added; a test holds
/// them against a real server. Its flags `readonly` and `write` say which commands read and write keys. What
/// the other commands do was judged one by one, since their flags do not say it.
struct CommandTable: Sendable {
  /// What one command can do.
  enum Kind: Sendable, CaseIterable {
    case read, write
    /// Loses data, or the server itself.
    case destructive
    /// Writes or reads, depending on its arguments or on a script.
    case either
    /// Means something only to the commands that follow on the same connection, or never ends.
    case refused
  }

  /// One command, or one subcommand.
  struct Entry: Sendable, Equatable {
    /// What it can do.
    var kind: Kind
    /// Words with its name and subcommand; negative: at least so many.
    var arity: Int
  }

  /// The table.
  static let redis = CommandTable()

  private let entries: [String: Entry]
  private let containers: Set<String>

  private init() {
    var entries: [String: Entry] = [:]
    var containers: Set<String> = []
    for kind in Kind.allCases {
      for word in Self.words(of: kind).split(separator: " ") {
        let colon = word.lastIndex(of: ":") ?? word.endIndex
        let name = String(word[..<colon])
        entries[name] = Entry(kind: kind, arity: Int(word[colon...].dropFirst()) ?? 0)
        if let bar = name.firstIndex(of: "|") { containers.insert(String(name[..<bar])) }
      }
    }
    self.entries = entries
    self.containers = containers
  }

  /// A command by its name in lower case, `config|get` for a subcommand; nil where it is not in the table.
  subscript(name: String) -> Entry? { entries[name] }

  /// Whether the word after `name` names a subcommand.
  func isContainer(_ name: String) -> Bool { containers.contains(name) }

  /// All names, for suggestions.
  var names: [String] { Array(Set(entries.keys.map { String($0.prefix { $0 != "|" }) })) }

  /// The subcommands of `container`, for suggestions.
  func subcommands(of container: String) -> [String] {
    let prefix = container + "|"
    return entries.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.utf8.count)) }
  }

  private static func words(of kind: Kind) -> String {
    switch kind {
    case .read: reads
    case .write: writes
    case .destructive: destructions
    case .either: eithers
    case .refused: refusals
    }
  }

  private static let reads = """
    acl|cat:-2 acl|dryrun:-4 acl|genpass:-2 acl|getuser:3 acl|help:2 acl|list:2 acl|log:-2 acl|users:2 \
    acl|whoami:2 bitcount:-2 bitfield_ro:-2 bitpos:-3 client|getname:2 client|getredir:2 client|help:2 \
    client|id:2 client|info:2 client|list:-2 client|trackinginfo:2 cluster|count-failure-reports:3 \
    cluster|countkeysinslot:3 cluster|getkeysinslot:4 cluster|help:2 cluster|info:2 cluster|keyslot:3 \
    cluster|links:2 cluster|myid:2 cluster|myshardid:2 cluster|nodes:2 cluster|replicas:3 \
    cluster|shards:2 cluster|slaves:3 cluster|slot-stats:-4 cluster|slots:2 command:-1 command|count:2 \
    command|docs:-2 command|getkeys:-4 command|getkeysandflags:-4 command|help:2 command|info:-2 \
    command|list:-2 config|get:-3 config|help:2 dbsize:1 dump:2 echo:2 eval_ro:-3 evalsha_ro:-3 \
    exists:-2 expiretime:2 fcall_ro:-3 function|dump:2 function|help:2 function|list:-2 function|stats:2 \
    geodist:-4 geohash:-2 geopos:-2 georadius_ro:-6 georadiusbymember_ro:-5 geosearch:-7 get:2 getbit:3 \
    getrange:4 hexists:3 hexpiretime:-5 hget:3 hgetall:2 hkeys:2 hlen:2 hmget:-3 hpexpiretime:-5 \
    hpttl:-5 hrandfield:-2 hscan:-3 hstrlen:3 httl:-5 hvals:2 info:-1 keys:2 lastsave:1 latency|doctor:2 \
    latency|graph:3 latency|help:2 latency|histogram:-2 latency|history:3 latency|latest:2 lcs:-3 \
    lindex:3 llen:2 lolwut:-1 lpos:-3 lrange:4 memory|doctor:2 memory|help:2 memory|malloc-stats:2 \
    memory|stats:2 memory|usage:-3 mget:-2 module|help:2 module|list:2 object|encoding:3 object|freq:3 \
    object|help:2 object|idletime:3 object|refcount:3 pexpiretime:2 pfcount:-2 ping:-1 pttl:2 \
    pubsub|channels:-2 pubsub|help:2 pubsub|numpat:2 pubsub|numsub:-2 pubsub|shardchannels:-2 \
    pubsub|shardnumsub:-2 randomkey:1 role:1 scan:-2 scard:2 script|exists:-3 script|help:2 sdiff:-2 \
    sinter:-2 sintercard:-3 sismember:3 slowlog|get:-2 slowlog|help:2 slowlog|len:2 smembers:2 \
    smismember:-3 sort_ro:-2 srandmember:-2 sscan:-3 strlen:2 substr:4 sunion:-2 time:1 touch:-2 ttl:2 \
    type:2 wait:3 waitaof:4 xgroup|help:2 xinfo|consumers:4 xinfo|groups:3 xinfo|help:2 xinfo|stream:-3 \
    xlen:2 xpending:-3 xrange:-4 xread:-4 xrevrange:-4 zcard:2 zcount:4 zdiff:-3 zinter:-3 zintercard:-3 \
    zlexcount:4 zmscore:-3 zrandmember:-2 zrange:-4 zrangebylex:-4 zrangebyscore:-4 zrank:3 zrevrange:-4 \
    zrevrangebylex:-4 zrevrangebyscore:-4 zrevrank:3 zscan:-3 zscore:3 zunion:-3
    """

  private static let writes = """
    acl|load:2 acl|save:2 acl|setuser:-3 append:3 bgrewriteaof:1 bgsave:-1 bitop:-4 blmove:6 blmpop:-5 \
    blpop:-3 brpop:-3 brpoplpush:4 bzmpop:-5 bzpopmax:-3 bzpopmin:-3 client|kill:-3 client|pause:-3 \
    client|unblock:-3 client|unpause:2 cluster|addslots:-3 cluster|addslotsrange:-4 cluster|bumpepoch:2 \
    cluster|delslots:-3 cluster|delslotsrange:-4 cluster|failover:-2 cluster|meet:-4 cluster|replicate:3 \
    cluster|saveconfig:2 cluster|set-config-epoch:3 cluster|setslot:-4 config|resetstat:2 \
    config|rewrite:2 config|set:-4 copy:-3 decr:2 decrby:3 del:-2 expire:-3 expireat:-3 failover:-1 \
    function|delete:3 function|kill:2 function|load:-3 function|restore:-3 geoadd:-5 geosearchstore:-8 \
    getdel:2 getex:-2 getset:3 hdel:-3 hexpire:-6 hexpireat:-6 hgetdel:-5 hgetex:-5 hincrby:4 \
    hincrbyfloat:4 hmset:-4 hpersist:-5 hpexpire:-6 hpexpireat:-6 hset:-4 hsetex:-6 hsetnx:4 incr:2 \
    incrby:3 incrbyfloat:3 latency|reset:-2 linsert:5 lmove:5 lmpop:-4 lpop:-2 lpush:-3 lpushx:-3 lrem:4 \
    lset:4 ltrim:4 memory|purge:2 migrate:-6 module|load:-3 module|loadex:-3 module|unload:3 move:3 \
    mset:-3 msetnx:-3 persist:2 pexpire:-3 pexpireat:-3 pfadd:-2 pfdebug:3 pfmerge:-2 pfselftest:1 \
    psetex:4 publish:3 rename:3 renamenx:3 restore:-4 rpop:-2 rpoplpush:3 rpush:-3 rpushx:-3 sadd:-3 \
    save:1 script|flush:-2 script|kill:2 script|load:3 sdiffstore:-3 set:-3 setbit:4 setex:4 setnx:3 \
    setrange:4 shutdown:-1 sinterstore:-3 slowlog|reset:2 smove:4 spop:-2 spublish:3 srem:-3 \
    sunionstore:-3 swapdb:3 unlink:-2 xack:-4 xadd:-5 xautoclaim:-6 xclaim:-6 xdel:-3 xgroup|create:-5 \
    xgroup|createconsumer:5 xgroup|delconsumer:5 xgroup|setid:-5 xreadgroup:-7 xsetid:-3 xtrim:-4 \
    zadd:-4 zdiffstore:-4 zincrby:4 zinterstore:-4 zmpop:-4 zpopmax:-2 zpopmin:-2 zrangestore:-5 zrem:-3 \
    zremrangebylex:4 zremrangebyrank:4 zremrangebyscore:4 zunionstore:-4
    """

  private static let destructions = """
    acl|deluser:-3 cluster|flushslots:2 cluster|forget:3 cluster|reset:-2 debug:-2 flushall:-1 \
    flushdb:-1 function|flush:-2 replicaof:3 slaveof:3 xgroup|destroy:4
    """

  private static let eithers = """
    bitfield:-2 eval:-3 evalsha:-3 fcall:-3 georadius:-6 georadiusbymember:-5 sort:-2
    """

  private static let refusals = """
    asking:1 auth:-2 client|caching:3 client|no-evict:3 client|no-touch:3 client|reply:3 \
    client|setinfo:4 client|setname:3 client|tracking:-3 discard:1 exec:1 hello:-1 monitor:1 multi:1 \
    psubscribe:-2 psync:-3 punsubscribe:-1 quit:-1 readonly:1 readwrite:1 replconf:-1 reset:1 \
    restore-asking:-4 script|debug:3 select:2 ssubscribe:-2 subscribe:-2 sunsubscribe:-1 sync:1 \
    unsubscribe:-1 unwatch:1 watch:-2
    """
}
