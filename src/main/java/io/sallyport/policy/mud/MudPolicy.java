package io.sallyport.policy.mud;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.mud.MudFile.Entry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** An AccessPolicy document that permits what a MUD file says the devices of a profile need, and nothing else. */
public final class MudPolicy {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_NAME = 63;
  private static final List<String> ANY_PORT = List.of("1-65535");

  private MudPolicy() {}

  /**
   * What the file cannot know.
   *
   * @param name of the policy
   * @param profile whose devices it is about
   * @param mapping the peers, DNS names or prefixes, that stand for what only this network can tell, for instance {@code
   *     my-controller}; for what is not in it the document names what the file does, which a segment has to stand for
   * @param ttl the longest that a grant lives
   */
  public record Terms(
      String name, String profile, Map<String, List<String>> mapping, Duration ttl) {
    public Terms {
      mapping = Map.copyOf(mapping);
    }
  }

  /** Refuses with {@code invalid-mud} a file that permits nothing. */
  public static String document(MudFile file, Terms terms) {
    StringBuilder yaml = new StringBuilder();
    yaml.append("# Made from ").append(printable(file.url())).append(", last updated ");
    yaml.append(file.lastUpdate()).append('\n');
    if (!file.systemInfo().isEmpty()) {
      yaml.append("# ").append(printable(file.systemInfo())).append('\n');
    }
    yaml.append("apiVersion: sallyport.io/v1\nkind: AccessPolicy\n");
    yaml.append("metadata: {name: ").append(quoted(terms.name)).append("}\n");
    yaml.append("spec:\n  selector: {profile: ").append(quoted(terms.profile)).append("}\n");
    yaml.append("  allow:\n");
    Set<String> names = new HashSet<>();
    List<String> rules = new ArrayList<>();
    for (Entry entry : file.entries()) {
      for (String peer : peers(entry, terms.mapping)) {
        for (String protocol : entry.protocols()) {
          rules.add(rule(name(entry.name(), names), entry, peer, protocol));
        }
      }
    }
    if (rules.isEmpty()) {
      throw new Refusal(MudProblem.INVALID_MUD, "The file permits nothing that a policy could.");
    }
    rules.forEach(yaml::append);
    return yaml.append("  grant: {ttl: ").append(terms.ttl).append("}\n").toString();
  }

  /** As YAML. */
  private static List<String> peers(Entry entry, Map<String, List<String>> mapping) {
    if (!entry.isAbstract()) {
      return List.of(quoted(entry.peer()));
    }
    List<String> peers = mapping.getOrDefault(entry.peer(), List.of());
    return peers.isEmpty()
        ? List.of("{mud: " + quoted(entry.peer()) + "}")
        : peers.stream().map(MudPolicy::quoted).toList();
  }

  private static String rule(String name, Entry entry, String peer, String protocol) {
    List<String> ports = entry.ports().isEmpty() ? ANY_PORT : entry.ports();
    return "    - {name: " + name
        + ", peer: " + peer
        + ", protocol: " + protocol
        + (protocol.equals("icmp")
            ? entry.icmpTypes().isEmpty() ? "" : ", icmpTypes: " + list(entry.icmpTypes())
            : ", ports: " + list(ports))
        + (entry.direction() == Direction.TO_DEVICE ? ", direction: to-device" : "")
        + "}\n";
  }

  private static String list(List<String> texts) {
    return "[" + String.join(", ", texts.stream().map(MudPolicy::quoted).toList()) + "]";
  }

  /** A DNS label out of what the file calls it, that no other rule has. */
  private static String name(String given, Set<String> names) {
    String label =
        given.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
    String base = label.isEmpty() ? "rule" : label;
    String name = base.length() > MOST_NAME ? cut(base, MOST_NAME) : base;
    for (int i = 2; !names.add(name); i++) {
      String suffix = "-" + i;
      name = cut(base, MOST_NAME - suffix.length()) + suffix;
    }
    return name;
  }

  private static String cut(String label, int length) {
    String cut = label.length() > length ? label.substring(0, length) : label;
    return cut.replaceAll("-+$", "");
  }

  /** A JSON string, which is a YAML string too. */
  private static String quoted(String text) {
    try {
      return JSON.writeValueAsString(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a string could not be written", e);
    }
  }

  private static String printable(String text) {
    return text.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
