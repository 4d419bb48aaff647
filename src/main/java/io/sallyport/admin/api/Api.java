package io.sallyport.admin.api;

import org.eclipse.microprofile.openapi.annotations.OpenAPIDefinition;
import org.eclipse.microprofile.openapi.annotations.enums.SecuritySchemeType;
import org.eclipse.microprofile.openapi.annotations.info.Info;
import org.eclipse.microprofile.openapi.annotations.info.License;
import org.eclipse.microprofile.openapi.annotations.security.SecurityRequirement;
import org.eclipse.microprofile.openapi.annotations.security.SecurityScheme;

/** What all of {@code /api/v1} has in common. */
@OpenAPIDefinition(
    info =
        @Info(
            title = "Sallyport",
            version = "v1",
            description = "Device identity, posture and least-privilege access, for people and automation.",
            license = @License(name = "Apache-2.0", identifier = "Apache-2.0")),
    security = @SecurityRequirement(name = "bearer"))
@SecurityScheme(
    securitySchemeName = "bearer",
    type = SecuritySchemeType.HTTP,
    scheme = "bearer",
    description = "An operator's bearer token (RFC 6750); the first administrator's is in admin.token.")
final class Api {
  static final String V1 = "/api/v1";

  /** RFC 9512. */
  static final String YAML = "application/yaml";

  private Api() {}
}
