package io.sallyport.admin.api;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.media.MediaType;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;

/** Adds to the description what every operation has: problems, and the Idempotency-Key of every POST. */
@OpenApiFilter(stages = OpenApiFilter.RunStage.BUILD)
public class ApiDescription implements OASFilter {
  @Override
  public void filterOpenAPI(OpenAPI api) {
    if (api.getComponents() == null) {
      api.setComponents(OASFactory.createComponents());
    }
    api.getComponents()
        .addSchema("Problem", problemSchema())
        .addResponse("Problem", problem())
        .addParameter("IdempotencyKey", idempotencyKey());
    api.getPaths().getPathItems().values().forEach(path -> {
      path.getOperations().values().forEach(ApiDescription::refusing);
      repeatable(path);
    });
  }

  private static void refusing(Operation operation) {
    operation
        .getResponses()
        .addAPIResponse(
            "default", OASFactory.createAPIResponse().ref("#/components/responses/Problem"));
  }

  private static void repeatable(PathItem path) {
    if (path.getPOST() != null) {
      path.getPOST()
          .addParameter(OASFactory.createParameter().ref("#/components/parameters/IdempotencyKey"));
    }
  }

  private static APIResponse problem() {
    MediaType json = OASFactory.createMediaType()
        .schema(OASFactory.createSchema().ref("#/components/schemas/Problem"));
    return OASFactory.createAPIResponse()
        .description("A refusal (RFC 9457).")
        .content(OASFactory.createContent().addMediaType(ProblemDocument.MEDIA_TYPE, json));
  }

  private static Schema problemSchema() {
    return object()
        .addProperty("type", string("urn:sallyport:problem: and the problem's name."))
        .addProperty("title", string("What kind of problem it is."))
        .addProperty("status", OASFactory.createSchema().addType(Schema.SchemaType.INTEGER))
        .addProperty("detail", string("What to do."))
        .addProperty(
            "instance",
            string("Names this occurrence in the server's log; only of internal errors."))
        .addRequired("type")
        .addRequired("title")
        .addRequired("status")
        .addRequired("detail");
  }

  private static Parameter idempotencyKey() {
    return OASFactory.createParameter()
        .name(IdempotencyFilter.HEADER)
        .in(Parameter.In.HEADER)
        .required(false)
        .description("For 24 hours, the same request with the same key gets the same answer, with "
            + "Idempotency-Replayed: true; another request is refused.")
        .schema(
            string("Printable ASCII characters, such as a UUID.").minLength(1).maxLength(128));
  }

  private static Schema object() {
    return OASFactory.createSchema().addType(Schema.SchemaType.OBJECT);
  }

  private static Schema string(String description) {
    return OASFactory.createSchema().addType(Schema.SchemaType.STRING).description(description);
  }
}
