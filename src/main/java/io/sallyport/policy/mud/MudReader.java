package io.sallyport.policy.mud;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.mud.MudFile.Entry;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads the container {@code ietf-mud:mud} and the access lists that it names. */
final class MudReader {
  private static final int MOST_LISTS = 32;
  private static final int MOST_TEXT = 255;
  private static final int MOST_URL = 253;
  private static final Pattern URL =
      Pattern.compile("https://[A-Za-z0-9.:\\[\\]-]+/[!-~&&[^#\"<>\\\\]]*");

  private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder()
              .maxNestingDepth(32)
              .maxStringLength(4096)
              .maxNumberLength(32)
              .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build())
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  MudFile read(byte[] octets) {
    if (octets.length > MudFile.MOST_OCTETS) {
      throw new Refusal(
          MudProblem.INVALID_MUD, "The file has more than " + MudFile.MOST_OCTETS + " octets.");
    }
    MudNode file;
    try {
      file = new MudNode(JSON.readTree(octets), "");
    } catch (JsonProcessingException e) {
      var place = e.getLocation();
      throw new Refusal(
          MudProblem.INVALID_MUD,
          "The file is not JSON"
              + (place == null
                  ? "."
                  : ": line " + place.getLineNr() + ", column " + place.getColumnNr() + "."));
    } catch (IOException e) {
      throw new Refusal(MudProblem.INVALID_MUD, "The file is not JSON in UTF-8.");
    }
    file.object("ietf-mud:mud", "ietf-access-control-list:acls");
    MudNode mud = file.need("ietf-mud:mud")
        .object(
            "mud-version",
            "mud-url",
            "mud-signature",
            "last-update",
            "cache-validity",
            "is-supported",
            "systeminfo",
            "mfg-name",
            "model-name",
            "firmware-rev",
            "software-rev",
            "documentation",
            "extensions",
            "from-device-policy",
            "to-device-policy");
    mud.need("mud-version").number(1, 1);
    Map<String, MudNode> lists = lists(file);
    List<Entry> entries = new ArrayList<>();
    MudAccessLists reader = new MudAccessLists();
    policy(mud, "from-device-policy", lists)
        .forEach(list -> entries.addAll(reader.read(list, Direction.FROM_DEVICE)));
    policy(mud, "to-device-policy", lists)
        .forEach(list -> entries.addAll(reader.read(list, Direction.TO_DEVICE)));
    return new MudFile(
        url(mud.need("mud-url")),
        instant(mud.need("last-update")),
        mud.find("cache-validity").map(hours -> hours.number(1, 168)).orElse(48),
        mud.need("is-supported").flag(),
        mud.find("systeminfo").map(text -> text.text(MOST_TEXT)).orElse(""),
        entries);
  }

  private static String url(MudNode value) {
    String url = value.text(MOST_URL);
    if (!URL.matcher(url).matches()) {
      throw value.fault("must be an https URL with a path");
    }
    return url;
  }

  private static Instant instant(MudNode value) {
    try {
      return OffsetDateTime.parse(value.text(64)).toInstant();
    } catch (DateTimeException e) {
      throw value.fault("must be a date and time (RFC 3339)");
    }
  }

  /** The access lists of the file by name. */
  private static Map<String, MudNode> lists(MudNode file) {
    Map<String, MudNode> lists = new HashMap<>();
    file.find("ietf-access-control-list:acls")
        .map(lists_ -> lists_.object("acl").need("acl").items(MOST_LISTS))
        .orElse(List.of())
        .forEach(list -> {
          String name = list.object("name", "type", "aces").need("name").text(MOST_TEXT);
          if (lists.putIfAbsent(name, list) != null) {
            throw list.fault("has the name of another list");
          }
        });
    return lists;
  }

  /** The lists that a policy of the file names, in its order. */
  private static List<MudNode> policy(MudNode mud, String which, Map<String, MudNode> lists) {
    return mud
        .find(which)
        .map(policy -> policy
            .object("access-lists")
            .need("access-lists")
            .object("access-list")
            .need("access-list")
            .items(MOST_LISTS))
        .orElse(List.of())
        .stream()
        .map(named -> {
          MudNode name = named.object("name").need("name");
          MudNode list = lists.get(name.text(MOST_TEXT));
          if (list == null) {
            throw name.fault("names an access list that the file does not have");
          }
          return list;
        })
        .toList();
  }
}
