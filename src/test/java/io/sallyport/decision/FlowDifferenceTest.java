package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlowDifferenceTest {
  @ParameterizedTest(name = "{0} without {1} is {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        "a tcp 443               | a tcp 443           | ''",
        "a tcp 443               | A tcp 1-1024        | ''",
        "a tcp 443               | b tcp 443           | a tcp 443",
        "a tcp 443               | a udp 443           | a tcp 443",
        "a tcp 1-10              | a tcp 3;a tcp 7-8   | a tcp 1-2,4-6,9-10",
        "a tcp 1-10,20           | a tcp 1-20          | ''",
        "10.1.0.0/16 tcp 443     | 10.0.0.0/8 tcp 443  | ''",
        "10.0.0.0/8 tcp 443      | 10.1.0.0/16 tcp 443 | 10.0.0.0/8 tcp 443",
        "10.0.0.0/8 icmp         | 10.0.0.0/8 icmp     | ''",
        "10.0.0.0/8 icmp         | 11.0.0.0/8 icmp     | 10.0.0.0/8 icmp",
        "10.0.0.0/8 icmp 8       | 10.0.0.0/8 icmp     | ''",
        "10.0.0.0/8 icmp         | 10.0.0.0/8 icmp 8   | 10.0.0.0/8 icmp",
        "10.0.0.0/8 icmp 0-13    | 10.0.0.0/8 icmp 8   | 10.0.0.0/8 icmp 0-7,9-13",
        "a icmp v4:8,v6:128      | a icmp v4:8         | a icmp v6:128",
        "a icmp v4:250-255,v6:0  | a icmp v4:251       | a icmp v4:250,v4:252-255,v6:0",
        "2001:db8::/48 tcp 1-9   | 2001:db8::/32 tcp 5 | 2001:db8::/48 tcp 1-4,6-9",
        "a tcp 1;b tcp 2         | ''                  | a tcp 1;b tcp 2"
      })
  void whatIsLeftIsWhatTheOtherDoesNotAllow(String of, String without, String left) {
    assertEquals(flows(left), FlowDifference.of(flows(of), flows(without)));
  }

  @Test
  void whoOpensItCounts() {
    AllowedFlow from = new AllowedFlow("a", "tcp", List.of("1"));
    AllowedFlow to = new AllowedFlow("a", "tcp", List.of("1"), Direction.TO_DEVICE);
    assertEquals(List.of(from), FlowDifference.of(List.of(from), List.of(to)));
  }

  private static List<AllowedFlow> flows(String text) {
    return Arrays.stream(text.split(";"))
        .filter(flow -> !flow.isBlank())
        .map(flow -> flow.strip().split(" "))
        .map(flow -> new AllowedFlow(
            flow[0], flow[1], flow.length < 3 ? List.of() : List.of(flow[2].split(","))))
        .toList();
  }
}
