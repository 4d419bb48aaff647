package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.cli.GrantTable.Element;
import io.sallyport.kernel.IpPrefix;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One nftables table of family inet as libnftables-json(5) batches. Each batch is one transaction of the kernel.
 *
 * <p>In the order of its chain: traffic that passes no managed interface is left alone; what devices need to recover is
 * accepted; quarantined addresses are dropped, before any connection state is looked at; a reply is accepted only to a flow
 * that a set still permits, so that what is taken away ends in both directions at once; a packet of the original direction is
 * looked up in the sets every time; everything else is dropped.
 */
final class Ruleset {
  private static final String FAMILY = "inet";
  private static final String FORWARD = "forward";
  private static final List<String> FOUR =
      List.of("ipv4_addr", "ipv4_addr", "inet_proto", "inet_service");
  private static final List<String> SIX =
      List.of("ipv6_addr", "ipv6_addr", "inet_proto", "inet_service");

  private final String table;
  private final List<String> interfaces;
  private final List<Flow> recovery;

  /**
   * @param interfaces whose forwarded traffic is managed; empty for all of it
   * @param recovery flows to addresses that even a quarantined device keeps
   */
  Ruleset(String table, List<String> interfaces, List<Flow> recovery) {
    this.table = table;
    this.interfaces = List.copyOf(interfaces);
    this.recovery = List.copyOf(recovery);
  }

  /** The whole table, instead of one that may be there: in one transaction, so that nothing is open in between. */
  ObjectNode whole(Map<Element, Instant> elements, Collection<String> quarantined, Instant now) {
    Batch batch = new Batch();
    ObjectNode named = Json.object().put("family", FAMILY).put("name", table);
    batch.command("add").set("table", named);
    batch.command("delete").set("table", named.deepCopy());
    batch.command("add").set("table", named.deepCopy());
    set(batch, "quarantine", List.of("ipv4_addr"), false);
    set(batch, "quarantine6", List.of("ipv6_addr"), false);
    set(batch, "grants", FOUR, true);
    set(batch, "grants6", SIX, true);
    set(batch, "pings", FOUR.subList(0, 2), true);
    set(batch, "pings6", SIX.subList(0, 2), true);
    set(batch, "icmps", List.of("ipv4_addr", "ipv4_addr", "icmp_type"), true);
    set(batch, "icmps6", List.of("ipv6_addr", "ipv6_addr", "icmpv6_type"), true);
    ObjectNode chain = batch.object("add", "chain");
    chain
        .put("name", FORWARD)
        .put("type", "filter")
        .put("hook", "forward")
        .put("prio", 0)
        .put("policy", "drop");
    rules(batch);
    quarantined.forEach(address -> quarantine(batch, "add", address));
    elements.forEach((element, end) -> add(batch, element, end, now));
    return batch.json();
  }

  /** What changes: everything that goes, then everything that comes. A key that is not there any more does no harm. */
  ObjectNode change(
      GrantTable.Difference difference,
      Collection<String> quarantined,
      Collection<String> released,
      Instant now) {
    Batch batch = new Batch();
    quarantined.forEach(address -> quarantine(batch, "add", address));
    released.forEach(address -> {
      quarantine(batch, "add", address);
      quarantine(batch, "delete", address);
    });
    difference.gone().forEach(element -> {
      // Deleting what has timed out would abort the transaction; adding what is there does nothing.
      elem(batch, "add", element, 1);
      elem(batch, "delete", element, 0);
    });
    difference.now().forEach((element, end) -> add(batch, element, end, now));
    return batch.json();
  }

  private void rules(Batch batch) {
    if (!interfaces.isEmpty()) {
      ArrayNode expression = batch.rule(FAMILY, table, FORWARD);
      expression.add(Batch.match("!=", Batch.meta("iifname"), names()));
      expression.add(Batch.match("!=", Batch.meta("oifname"), names()));
      expression.add(Batch.verdict("accept"));
    }
    recovery.forEach(flow -> recovery(batch, flow));
    for (String way : List.of("saddr", "daddr")) {
      dropIn(batch, "ip", way, "@quarantine");
      dropIn(batch, "ip6", way, "@quarantine6");
    }
    reply(batch, Batch.tuple("ip", "daddr", "saddr", "sport"), "@grants", null);
    reply(batch, Batch.tuple("ip6", "daddr", "saddr", "sport"), "@grants6", null);
    reply(batch, Batch.tuple("ip", "daddr", "saddr", null), "@pings", "icmp");
    reply(batch, Batch.tuple("ip6", "daddr", "saddr", null), "@pings6", "ipv6-icmp");
    // Errors about a connection, without which path MTU discovery fails (RFC 4890 §4.3.1).
    for (String protocol : List.of("icmp", "ipv6-icmp")) {
      ArrayNode expression = batch.rule(FAMILY, table, FORWARD);
      expression.add(Batch.match("in", Batch.ct("state"), Json.array().add("related")));
      expression.add(Batch.match("==", Batch.meta("l4proto"), Json.text(protocol)));
      expression.add(Batch.verdict("accept"));
    }
    original(batch, Batch.tuple("ip", "saddr", "daddr", "dport"), "@grants", null);
    original(batch, Batch.tuple("ip6", "saddr", "daddr", "dport"), "@grants6", null);
    original(batch, Batch.tuple("ip", "saddr", "daddr", null), "@pings", "icmp");
    original(batch, Batch.tuple("ip6", "saddr", "daddr", null), "@pings6", "icmpv6");
    original(batch, typed("ip", "icmp"), "@icmps", null);
    original(batch, typed("ip6", "icmpv6"), "@icmps6", null);
    batch.rule(FAMILY, table, FORWARD).add(Batch.counter()).add(Batch.verdict("drop"));
  }

  private void recovery(Batch batch, Flow flow) {
    IpPrefix address = IpPrefix.parseAddress(flow.peer());
    if (address == null) {
      throw Failure.usage("--recovery takes an address, not " + flow.peer() + ".");
    }
    String protocol = address.isFour() ? "ip" : "ip6";
    ArrayNode out = batch.rule(FAMILY, table, FORWARD);
    out.add(Batch.match("==", Batch.payload(protocol, "daddr"), Json.text(address.address())));
    out.add(Batch.match("==", Batch.payload(flow.protocol(), "dport"), Json.number(flow.port())));
    out.add(Batch.verdict("accept"));
    ArrayNode back = batch.rule(FAMILY, table, FORWARD);
    back.add(Batch.match("in", Batch.ct("state"), Json.array().add("established")));
    back.add(Batch.match("==", Batch.ct("direction"), Json.text("reply")));
    back.add(Batch.match("==", Batch.payload(protocol, "saddr"), Json.text(address.address())));
    back.add(Batch.match("==", Batch.payload(flow.protocol(), "sport"), Json.number(flow.port())));
    back.add(Batch.verdict("accept"));
  }

  private void dropIn(Batch batch, String protocol, String field, String set) {
    batch
        .rule(FAMILY, table, FORWARD)
        .add(Batch.match("==", Batch.payload(protocol, field), Json.text(set)))
        .add(Batch.counter())
        .add(Batch.verdict("drop"));
  }

  private void reply(Batch batch, ObjectNode tuple, String set, @Nullable String protocol) {
    ArrayNode expression = batch.rule(FAMILY, table, FORWARD);
    expression.add(Batch.match("in", Batch.ct("state"), Json.array().add("established")));
    expression.add(Batch.match("==", Batch.ct("direction"), Json.text("reply")));
    if (protocol != null) {
      expression.add(Batch.match("==", Batch.meta("l4proto"), Json.text(protocol)));
    }
    expression.add(Batch.match("==", tuple, Json.text(set))).add(Batch.verdict("accept"));
  }

  private void original(Batch batch, ObjectNode tuple, String set, @Nullable String icmp) {
    ArrayNode expression = batch.rule(FAMILY, table, FORWARD);
    if (icmp != null) {
      expression.add(Batch.match("==", Batch.payload(icmp, "type"), Json.text("echo-request")));
    }
    expression.add(Batch.match("==", tuple, Json.text(set))).add(Batch.verdict("accept"));
  }

  /** Addresses and the type of the message. */
  private static ObjectNode typed(String protocol, String icmp) {
    ObjectNode tuple = Batch.tuple(protocol, "saddr", "daddr", null);
    tuple.withArray("concat").add(Batch.payload(icmp, "type"));
    return tuple;
  }

  private JsonNode names() {
    ArrayNode names = Json.array();
    interfaces.forEach(names::add);
    return Json.object().set("set", names);
  }

  private void set(Batch batch, String name, List<String> types, boolean timeouts) {
    ObjectNode set = batch.object("add", "set");
    set.put("name", name);
    if (types.size() == 1) {
      set.put("type", types.getFirst());
    } else {
      ArrayNode type = set.putArray("type");
      types.forEach(type::add);
    }
    if (timeouts) {
      set.putArray("flags").add("interval").add("timeout");
    }
  }

  private void quarantine(Batch batch, String verb, String address) {
    IpPrefix parsed = IpPrefix.parseAddress(address);
    if (parsed == null) {
      throw new Failure(ExitCode.REFUSED, "The feed quarantines what is no address.");
    }
    ObjectNode element = batch.object(verb, "element");
    element.put("name", parsed.isFour() ? "quarantine" : "quarantine6");
    element.putArray("elem").add(parsed.address());
  }

  private void add(Batch batch, Element element, Instant end, Instant now) {
    // Rounded down: an element may end before its grant, never after it (law 4).
    long seconds = Duration.between(now, end).toSeconds();
    if (seconds > 0) {
      elem(batch, "add", element, seconds);
    }
  }

  private void elem(Batch batch, String verb, Element element, long timeout) {
    boolean icmp = element.protocol().equals("icmp");
    ObjectNode json = batch.object(verb, "element");
    boolean echo = icmp && element.firstPort() == FeedEntry.echo(element.four());
    json.put("name", (echo ? "pings" : icmp ? "icmps" : "grants") + (element.four() ? "" : "6"));
    ArrayNode key = Json.array().add(element.source());
    String first = FeedEntry.text(element.first());
    String last = FeedEntry.text(element.last());
    if (first.equals(last)) {
      key.add(first);
    } else {
      key.add(Json.object().set("range", Json.array().add(first).add(last)));
    }
    if (!icmp) {
      key.add(element.protocol());
    }
    if (!echo) {
      if (element.firstPort() == element.lastPort()) {
        key.add(element.firstPort());
      } else {
        key.add(Json.object()
            .set("range", Json.array().add(element.firstPort()).add(element.lastPort())));
      }
    }
    ObjectNode value = Json.object();
    value.set("val", Json.object().set("concat", key));
    if (timeout > 0) {
      value.put("timeout", timeout);
    }
    json.putArray("elem").add(Json.object().set("elem", value));
  }

  /** Commands under way. */
  private final class Batch {
    private final ArrayNode commands = Json.array();

    ObjectNode command(String verb) {
      return commands.addObject().putObject(verb);
    }

    /** An object within the table. */
    ObjectNode object(String verb, String kind) {
      return command(verb).putObject(kind).put("family", FAMILY).put("table", table);
    }

    ArrayNode rule(String family, String in, String chain) {
      return command("add")
          .putObject("rule")
          .put("family", family)
          .put("table", in)
          .put("chain", chain)
          .putArray("expr");
    }

    ObjectNode json() {
      return Json.object().set("nftables", commands);
    }

    static ObjectNode match(String operator, JsonNode left, JsonNode right) {
      ObjectNode match = Json.object();
      match
          .putObject("match")
          .put("op", operator)
          .<ObjectNode>set("left", left)
          .set("right", right);
      return match;
    }

    static ObjectNode payload(String protocol, String field) {
      ObjectNode payload = Json.object();
      payload.putObject("payload").put("protocol", protocol).put("field", field);
      return payload;
    }

    static ObjectNode meta(String key) {
      ObjectNode meta = Json.object();
      meta.putObject("meta").put("key", key);
      return meta;
    }

    static ObjectNode ct(String key) {
      ObjectNode ct = Json.object();
      ct.putObject("ct").put("key", key);
      return ct;
    }

    static ObjectNode verdict(String verdict) {
      return Json.object().set(verdict, Json.nothing());
    }

    static ObjectNode counter() {
      return Json.object().set("counter", Json.nothing());
    }

    /** Addresses, protocol and port; the addresses alone without a port. */
    static ObjectNode tuple(String protocol, String one, String other, @Nullable String port) {
      ArrayNode parts = Json.array().add(payload(protocol, one)).add(payload(protocol, other));
      if (port != null) {
        parts.add(meta("l4proto")).add(payload("th", port));
      }
      return Json.object().set("concat", parts);
    }
  }
}
