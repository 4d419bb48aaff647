package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleProof;
import io.sallyport.kernel.SignedNote;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Person;
import io.sallyport.testing.ServerTest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tree over the wire, as an auditor's own program reads it. */
@QuarkusTest
class AuditTreeWireTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private HttpClient client;

  @SuppressWarnings("NullAway.Init")
  private Person auditor;

  @SuppressWarnings("NullAway.Init")
  private String token;

  @BeforeEach
  void someLog() {
    if (client == null) {
      client = wire.client(null);
      token = wire.admin(
              "POST",
              "/api/v1/operators",
              Map.of("name", "tree-auditor", "roles", List.of("auditor"), "sites", List.of()))
          .get("token")
          .asText();
      auditor = new Person(client, wire.people(), token);
    }
    Patience.untilTrue(
        "a checkpoint", () -> auditor.get("/api/v1/audit/checkpoint").status() == 200);
  }

  @AfterAll
  void disconnect() {
    client.close();
  }

  private MerkleCheckpoint checkpoint() {
    SignedNote note =
        SignedNote.parse(auditor.get("/api/v1/audit/checkpoint").expect(200).text());
    SignedNote.VerifierKey key = SignedNote.VerifierKey.parse(
        auditor.get("/api/v1/audit/key").json().get("vkey").asText());
    assertTrue(key.signed(note));
    return MerkleCheckpoint.parse(note.text());
  }

  @Test
  void aProgramThatReadsTilesOnlyFindsTheSignedRootAndTheFacts() throws Exception {
    MerkleCheckpoint checkpoint = checkpoint();
    MerkleFrontier tree = MerkleFrontier.EMPTY;
    for (long number = 0; tree.size() < checkpoint.size(); number++) {
      long left = checkpoint.size() - tree.size();
      String name = "%03d".formatted(number) + (left < 256 ? ".p/" + left : "");
      HttpResponse<byte[]> hashes = octets("/api/v1/audit/tile/0/" + name);
      ByteBuffer bundle =
          ByteBuffer.wrap(octets("/api/v1/audit/tile/entries/" + name).body());
      assertTrue(hashes.headers().firstValue("Cache-Control").orElse("").contains("immutable"));
      assertTrue(hashes.headers().firstValue("Cache-Control").orElse("").contains("private"));
      assertEquals(
          "application/octet-stream",
          hashes.headers().firstValue("Content-Type").orElse(""));
      ByteBuffer expected = ByteBuffer.wrap(hashes.body());
      while (bundle.hasRemaining()) {
        byte[] leaf = new byte[Short.toUnsignedInt(bundle.getShort())];
        bundle.get(leaf);
        Digest hash = MerkleFrontier.leafHash(leaf);
        byte[] sealed = new byte[32];
        expected.get(sealed);
        assertArrayEquals(hash.octets(), sealed);
        tree = tree.append(hash);
      }
      assertFalse(expected.hasRemaining());
    }
    assertEquals(checkpoint.root(), tree.root());
  }

  @Test
  void aFactIsProvenUnderACheckpointThatWasKept() {
    MerkleCheckpoint kept = checkpoint();
    JsonNode fact = auditor.get("/api/v1/audit/facts?limit=1").json().at("/items/0");
    JsonNode proof = auditor
        .get("/api/v1/audit/proofs/inclusion?position=1&size=" + kept.size())
        .expect(200)
        .json();
    assertTrue(MerkleProof.includes(
        Digest.ofHex(fact.get("hash").asText()),
        proof.get("index").asLong(),
        kept.size(),
        path(proof),
        kept.root()));
  }

  @Test
  void theLogIsProvenToGoOnFromACheckpointThatWasKept() {
    MerkleCheckpoint kept = checkpoint();
    wire.document("/api/v1/profiles/tree-grown", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: tree-grown}
        """);
    Patience.untilTrue("a later checkpoint", () -> checkpoint().size() > kept.size());
    MerkleCheckpoint later = checkpoint();
    JsonNode proof = auditor
        .get("/api/v1/audit/proofs/consistency?old=" + kept.size() + "&size=" + later.size())
        .expect(200)
        .json();
    assertTrue(
        MerkleProof.consistent(kept.size(), kept.root(), later.size(), later.root(), path(proof)));
    assertTrue(proof.get("checkpoint").asText().contains("\n" + later.size() + "\n"));
  }

  @ParameterizedTest
  @CsvSource({
    "tile/0/1,                                   400",
    "tile/0/999.p/256,                           400",
    "tile/0/000.p/0,                             400",
    "tile/0/000.p/-1,                            400",
    "tile/0/-01,                                 400",
    "tile/8/000,                                 400",
    "tile/-1/000,                                400",
    "tile/00/000,                                400",
    "tile/99999999999/000,                       400",
    "tile/0/x000/000,                            400",
    "tile/0/%2e%2e/000,                          404",
    "tile/0/x999%2Fx999%2Fx999%2Fx999%2Fx999%2Fx999%2F999, 400",
    "tile/entries/1,                             400",
    "tile/entries/000.p/99999999999999999999,    400",
    "tile/0/x999/x999/x999/x999/999,             404",
    "tile/7/000.p/1,                             404",
    "tile/entries/x999/x999/x999/999,            404",
    "proofs/inclusion,                           400",
    "proofs/inclusion?position=0,                400",
    "proofs/inclusion?position=-1,               400",
    "proofs/inclusion?position=1&size=0,         400",
    "proofs/inclusion?position=1&size=-5,        400",
    "proofs/inclusion?position=2&size=1,         404",
    "proofs/inclusion?position=1&size=9223372036854775807, 404",
    "proofs/inclusion?position=9223372036854775807,        404",
    "proofs/inclusion?position=9223372036854775808,        400",
    "proofs/consistency,                         400",
    "proofs/consistency?old=-1,                  400",
    "proofs/consistency?old=2&size=1,            404",
    "proofs/consistency?old=1&size=9223372036854775807,    404",
    "proofs/consistency?old=x,                   400"
  })
  void whatNamesNothingIsRefusedInASentence(String asked, int status) {
    JsonNode problem = auditor.get("/api/v1/audit/" + asked).expect(status).json();
    assertFalse(problem.path("detail").asText().isBlank(), problem::toString);
    assertFalse(problem.toString().contains("Exception"), problem::toString);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tile/0/000.p/1",
        "tile/entries/000.p/1",
        "proofs/inclusion?position=1",
        "proofs/consistency?old=1"
      })
  void whoeverIsBoundToASiteDoesNotSeeTheTree(String asked) {
    Person bound = Person.operator(
        wire,
        client,
        "tree-bound-" + asked.replaceAll("[^a-z]", "-"),
        List.of("auditor"),
        List.of("plant-1"));
    bound.get("/api/v1/audit/" + asked).expect(403);
    auditor.get("/api/v1/audit/" + asked).expect(200);
  }

  private HttpResponse<byte[]> octets(String path) throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = client.send(
        HttpRequest.newBuilder(URI.create(wire.people() + path))
            .header("Authorization", "Bearer " + token)
            .build(),
        BodyHandlers.ofByteArray());
    assertEquals(200, answer.statusCode(), path);
    return answer;
  }

  private static List<Digest> path(JsonNode proof) {
    List<Digest> path = new ArrayList<>();
    proof
        .get("path")
        .forEach(hash -> path.add(Digest.ofOctets(Base64.getDecoder().decode(hash.asText()))));
    return path;
  }
}
