/**
 * REST for people and automation under {@code /api/v1}; errors are RFC 9457 problems.
 *
 * <p>Its door is HTTP. Must not know tables, keys or the protocols of devices: a resource reads a request, calls one use
 * case and writes a record.
 */
@OpenAPIDefinition(
    info =
        @Info(
            title = "Sallyport",
            version = "v1",
            description =
                "Device identity, posture and least-privilege access, for people and automation.",
            license = @License(name = "Apache-2.0", identifier = "Apache-2.0")),
    security = @SecurityRequirement(name = "bearer"),
    components =
        @Components(
            securitySchemes =
                @SecurityScheme(
                    securitySchemeName = "bearer",
                    type = SecuritySchemeType.HTTP,
                    scheme = "bearer",
                    description =
                        "An operator's bearer token (RFC 6750); the first one is in admin.token.")))
@NullMarked
package io.sallyport.admin.api;

import org.eclipse.microprofile.openapi.annotations.Components;
import org.eclipse.microprofile.openapi.annotations.OpenAPIDefinition;
import org.eclipse.microprofile.openapi.annotations.enums.SecuritySchemeType;
import org.eclipse.microprofile.openapi.annotations.info.Info;
import org.eclipse.microprofile.openapi.annotations.info.License;
import org.eclipse.microprofile.openapi.annotations.security.SecurityRequirement;
import org.eclipse.microprofile.openapi.annotations.security.SecurityScheme;
import org.jspecify.annotations.NullMarked;
