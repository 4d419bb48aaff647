package io.sallyport.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.NameSubtree;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What an authority to be is like. */
final class WantedAuthority {
  @Option(
      names = "--subject",
      paramLabel = "DN",
      required = true,
      description = "its attributes in the order of the certificate: O=Plant,CN=Plant Devices 1")
  String subject = "";

  @Option(
      names = "--key",
      paramLabel = "KIND",
      defaultValue = "ec-p256",
      description =
          "ec-p256, ec-p384, rsa-3072, rsa-4096, ed25519, ml-dsa-44, ml-dsa-65 or ml-dsa-87 (default: ${DEFAULT-VALUE})")
  String key = "ec-p256";

  @Option(
      names = "--validity",
      paramLabel = "DURATION",
      description = "ISO 8601, for instance P3650D (default: 20 years for a root, 5 for others)")
  @Nullable
  String validity;

  @Option(
      names = "--path-length",
      paramLabel = "N",
      description = "how many authorities may follow (default: any for a root, 0 for others)")
  @Nullable
  Integer pathLength;

  @Option(
      names = "--permit",
      paramLabel = "NAME",
      description =
          "the only names of their kind: dns:plant.example, uri:.plant.example, dn:O=Plant, ip:10.0.0.0/8; may be repeated")
  List<String> permitted = List.of();

  @Option(
      names = "--exclude",
      paramLabel = "NAME",
      description = "names that it may not certify; may be repeated")
  List<String> excluded = List.of();

  @Option(
      names = "--policy",
      paramLabel = "OID",
      description = "a certificate policy; may be repeated")
  List<String> policies = List.of();

  ObjectNode json(String name) {
    ObjectNode json = Json.object();
    json.put("name", name).put("subject", subject).put("key", key);
    if (validity != null) {
      json.put("validity", validity);
    }
    if (pathLength != null) {
      json.put("path_length", pathLength);
    }
    json.set("permitted", array(permitted));
    json.set("excluded", array(excluded));
    json.set("policies", array(policies));
    return json;
  }

  Duration validity(Duration usual) {
    try {
      return validity == null ? usual : Duration.parse(validity);
    } catch (DateTimeException e) {
      throw Failure.usage("--validity must be an ISO 8601 duration such as P3650D.");
    }
  }

  CaTerms terms(@Nullable Integer length) {
    return terms(length, permitted, excluded, policies);
  }

  private static ArrayNode array(List<String> texts) {
    ArrayNode array = Json.array();
    texts.forEach(array::add);
    return array;
  }

  static CaTerms terms(
      @Nullable Integer pathLength,
      List<String> permitted,
      List<String> excluded,
      List<String> policies) {
    try {
      return new CaTerms(
          pathLength,
          permitted.stream().map(NameSubtree::parse).toList(),
          excluded.stream().map(NameSubtree::parse).toList(),
          policies);
    } catch (IllegalArgumentException wrong) {
      throw Failure.usage(String.valueOf(wrong.getMessage()));
    }
  }
}
