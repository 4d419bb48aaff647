package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.policy.Verdict.AllowedFlow;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is left of an allowed flow, to the port and to the prefix. */
class SubtractionTest {
  private static List<FlowRule> rules(String kind, String rule) {
    return ((AccessPolicy)
            PolicyReader.read("""
            apiVersion: sallyport.io/v1
            kind: AccessPolicy
            metadata: {name: p}
            spec:
              effect: %s
              %s: [%s]
            """.formatted(kind.equals("deny") ? "forbid" : "permit", kind, rule)))
        .rules();
  }

  private static String rule(String peer, String ports) {
    return "{peer: \"" + peer + "\", "
        + (ports.equals("icmp") ? "protocol: icmp" : "protocol: tcp, ports: [" + ports + "]") + "}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "a.example|443|a.example|443|",
        "A.example|443|a.EXAMPLE|80|a.example 443",
        "a.example|443|b.example|443|a.example 443",
        "a.example|1,2,3|a.example|2|a.example 1,3",
        "a.example|\"10-20\"|a.example|10|a.example 11-20",
        "a.example|\"10-20\"|a.example|20|a.example 10-19",
        "a.example|\"10-20\"|a.example|\"9-10\"|a.example 11-20",
        "a.example|\"10-20\"|a.example|\"20-21\"|a.example 10-19",
        "a.example|\"10-20\"|a.example|\"10-20\"|",
        "a.example|\"10-20\"|a.example|\"12-13\", 15|a.example 10-11,14,16-20",
        "a.example|\"10-20\", 30|a.example|\"12-30\"|a.example 10-11",
        "a.example|icmp|a.example|icmp|",
        "a.example|icmp|a.example|443|a.example",
        "10.0.0.0/8|443|10.0.0.0/8|443|",
        "10.0.0.0/8|443|0.0.0.0/0|443|",
        "10.0.0.0/8|443|11.0.0.0/8|443|10.0.0.0/8 443",
        "10.0.0.0/8|443|10.0.0.0/8|80|10.0.0.0/8 443",
        "10.0.0.0/8|443|10.1.2.3|80|10.0.0.0/8 443",
        "10.0.0.0/30|443|10.0.0.2|443|10.0.0.0/31 443;10.0.0.3/32 443",
        "10.0.0.0/31|icmp|10.0.0.1|icmp|10.0.0.0/32",
        "0.0.0.0/0|443|128.0.0.0/1|443|0.0.0.0/1 443",
        "10.0.0.0/8|443|::/0|443|10.0.0.0/8 443",
        "2001:db8::/62|443|2001:db8:0:1::/64|443|2001:db8:0:2:0:0:0:0/63 443;2001:db8:0:0:0:0:0:0/64 443",
        "2001:db8::/63|443|2001:db8::/65|443|2001:db8:0:1:0:0:0:0/64 443;2001:db8:0:0:8000:0:0:0/65 443",
        "2001:db8::/127|443|2001:db8::1|443|2001:db8:0:0:0:0:0:0/128 443"
      })
  void isWhatIsLeft(
      String peer, String ports, String deniedPeer, String deniedPorts, @Nullable String left) {
    List<AllowedFlow> flows = Subtraction.of(
        rules("allow", rule(peer, ports)), rules("deny", rule(deniedPeer, deniedPorts)));
    assertEquals(
        left == null ? List.of() : Stream.of(left.split(";")).toList(),
        flows == null
            ? null
            : flows.stream()
                .map(flow -> FlowRule.words(flow).replaceFirst("^\\w+ ", ""))
                .toList());
  }

  @Test
  void takesAwayAllThatAreForbidden() {
    List<FlowRule> denied = Stream.of(rule("10.0.0.0/9", "443"), rule("10.128.0.0/9", "1,443"))
        .flatMap(each -> rules("deny", each).stream())
        .toList();
    assertEquals(
        List.of(
            new AllowedFlow("10.0.0.0/9", "tcp", List.of("1", "2")),
            new AllowedFlow("10.128.0.0/9", "tcp", List.of("2"))),
        sorted(Subtraction.of(rules("allow", rule("10.0.0.0/8", "1,2,443")), denied)));
  }

  private static List<AllowedFlow> sorted(@Nullable List<AllowedFlow> flows) {
    return flows == null
        ? List.of()
        : flows.stream().sorted(Comparator.comparing(AllowedFlow::peer)).toList();
  }
}
