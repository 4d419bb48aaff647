package io.sallyport.admin.api;

import io.sallyport.admin.Rights.Right;
import io.sallyport.audit.LogTree;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleTile;
import io.sallyport.kernel.Refusal;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/**
 * The log's tree (C2SP tlog-tiles, RFC 9162): for auditors of the whole log, because hashes of facts can be guessed at as
 * well as facts. What cannot change is kept by whoever asked, and by nothing in between.
 */
@Path(Api.V1 + "/audit")
@RunOnVirtualThread
@Tag(name = "audit")
class AuditTreeResource {
  private static final String FOR_EVER = "private, max-age=31536000, immutable";
  private static final String BRIEFLY = "private, max-age=1";
  private static final String NOTE = "text/plain;charset=utf-8";

  private final LogTree tree;

  AuditTreeResource(LogTree tree) {
    this.tree = tree;
  }

  @GET
  @Path("checkpoint")
  @Produces(NOTE)
  @Requires(Right.READ)
  @Operation(
      operationId = "getCheckpointNote",
      summary = "The newest checkpoint as a signed note, with the cosignatures that it has so far")
  public RestResponse<String> checkpoint() {
    return RestResponse.ResponseBuilder.ok(tree.checkpoint().orElseThrow(AuditTreeResource::none))
        .header(HttpHeaders.CACHE_CONTROL, BRIEFLY)
        .build();
  }

  @GET
  @Path("tile/{level}/{index: .+}")
  @Produces(MediaType.APPLICATION_OCTET_STREAM)
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "getLogTile",
      summary = "A tile of the log's tree: up to 256 hashes one after the other (C2SP tlog-tiles)")
  public RestResponse<byte[]> tile(
      @PathParam("level") @Parameter(description = "0 for leaf hashes, to 7.") String level,
      @PathParam("index")
          @Parameter(
              description = "Number of the tile, and width of a partial one: x001/x234/067.p/8.")
          String index) {
    if (!level.matches("[0-7]")) {
      throw new Refusal(CommonProblem.MALFORMED, "The level of a tile is a digit from 0 to 7.");
    }
    return octets(tree.tile(named(Integer.parseInt(level), index)));
  }

  @GET
  @Path("tile/entries/{index: .+}")
  @Produces(MediaType.APPLICATION_OCTET_STREAM)
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "getLogEntries",
      summary = "The leaves of a tile of level 0, each behind its length in two octets")
  public RestResponse<byte[]> entries(
      @PathParam("index") @Parameter(description = "As for tiles.") String index) {
    return octets(tree.entries(named(0, index)));
  }

  @GET
  @Path("proofs/inclusion")
  @Produces(MediaType.APPLICATION_JSON)
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "proveInclusion",
      summary = "Shows that a fact is in the log (RFC 9162 §2.1.3)")
  public InclusionView inclusion(
      @QueryParam("position")
          @Parameter(
              description = "The fact's position.",
              required = true,
              schema = @Schema(type = SchemaType.INTEGER, minimum = "1"))
          @Nullable
          String position,
      @QueryParam("size")
          @Parameter(
              description = "Of the tree to prove it in; the newest checkpoint's when left out.",
              schema = @Schema(type = SchemaType.INTEGER, minimum = "1"))
          @Nullable
          String size) {
    LogTree.Inclusion proof = tree.inclusion(
        Fields.number("position", Fields.required("position", position), 0, 1, Long.MAX_VALUE),
        size(size));
    return new InclusionView(
        proof.index(),
        proof.size(),
        base64(proof.leaf()),
        base64(proof.path()),
        base64(proof.root()),
        proof.checkpoint());
  }

  @GET
  @Path("proofs/consistency")
  @Produces(MediaType.APPLICATION_JSON)
  @Requires(value = Right.READ_AUDIT, everySite = true)
  @Operation(
      operationId = "proveConsistency",
      summary = "Shows that the log goes on from an earlier size (RFC 9162 §2.1.4)")
  public ConsistencyView consistency(
      @QueryParam("old")
          @Parameter(
              description = "The earlier size.",
              required = true,
              schema = @Schema(type = SchemaType.INTEGER, minimum = "0"))
          @Nullable
          String old,
      @QueryParam("size")
          @Parameter(
              description = "The later size; the newest checkpoint's when left out.",
              schema = @Schema(type = SchemaType.INTEGER, minimum = "1"))
          @Nullable
          String size) {
    LogTree.Consistency proof = tree.consistency(
        Fields.number("old", Fields.required("old", old), 0, 0, Long.MAX_VALUE), size(size));
    return new ConsistencyView(
        proof.old(),
        base64(proof.oldRoot()),
        proof.size(),
        base64(proof.root()),
        base64(proof.path()),
        proof.checkpoint());
  }

  private static @Nullable Long size(@Nullable String size) {
    return size == null ? null : Fields.number("size", size, 0, 1, Long.MAX_VALUE);
  }

  private static MerkleTile named(int level, String index) {
    try {
      return MerkleTile.parse(level, index);
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.MALFORMED, String.valueOf(e.getMessage()));
    }
  }

  private static RestResponse<byte[]> octets(Optional<byte[]> found) {
    byte[] octets = found.orElseThrow(() -> new Refusal(
        CommonProblem.NOT_FOUND,
        "The sealed log has no such tile; its size is in the checkpoint."));
    return RestResponse.ResponseBuilder.ok(octets)
        .header(HttpHeaders.CACHE_CONTROL, FOR_EVER)
        .build();
  }

  private static Refusal none() {
    return new Refusal(CommonProblem.NOT_FOUND, "Nothing is sealed yet; ask again in a second.");
  }

  private static String base64(Digest digest) {
    return Base64.getEncoder().encodeToString(digest.octets());
  }

  private static List<String> base64(List<Digest> digests) {
    return digests.stream().map(AuditTreeResource::base64).toList();
  }

  /** That a fact is in the log. */
  @Schema(name = "InclusionProof")
  record InclusionView(
      @Schema(description = "Index of the leaf, from 0.") long index,
      long size,
      @Schema(description = "Base64 of the leaf hash.") String leaf,

      @Schema(description = "Base64 of the hashes, from below.")
      List<String> path,

      @Schema(description = "Base64 of the tree's hash.") String root,

      @Schema(description = "The signed note of this size, null when there is none.") @Nullable
      String checkpoint) {}

  /** That the log goes on from an earlier size. */
  @Schema(name = "ConsistencyProof")
  record ConsistencyView(
      long old,

      @Schema(description = "Base64 of the tree's hash at the earlier size.")
      String oldRoot,

      long size,
      @Schema(description = "Base64 of the tree's hash.") String root,
      @Schema(description = "Base64 of the hashes.") List<String> path,

      @Schema(description = "The signed note of this size, null when there is none.") @Nullable
      String checkpoint) {}
}
