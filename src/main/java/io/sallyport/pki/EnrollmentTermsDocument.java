package io.sallyport.pki;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sallyport.pki.EnrollmentTerms.Approval;
import io.sallyport.pki.EnrollmentTerms.Authentication;
import io.sallyport.pki.EnrollmentTerms.Predecessor;
import io.sallyport.pki.EnrollmentTerms.RequestTemplate;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The part {@code spec.enrollment} of a CertificateProfile document. */
record EnrollmentTermsDocument(
    @JsonProperty @Nullable String authentication,
    @JsonProperty @Nullable String approval,
    @JsonProperty @Nullable String channelBinding,
    @JsonProperty @Nullable Boolean serverKeyGeneration,
    @JsonProperty @Nullable String requestTemplate,
    @JsonProperty @Nullable Renewal renewal) {
  private static final Duration LONGEST_GRACE = Duration.ofDays(365);

  /** The part {@code spec.enrollment.renewal}. */
  record Renewal(
      @JsonProperty @Nullable String window,
      @JsonProperty @Nullable String grace,
      @JsonProperty @Nullable String predecessor) {}

  /** Refuses with {@code invalid-certificate-profile}. */
  static EnrollmentTerms read(@Nullable EnrollmentTermsDocument document, Duration validity) {
    return document == null ? EnrollmentTerms.DEFAULT : document.terms(validity);
  }

  private EnrollmentTerms terms(Duration validity) {
    if (Boolean.TRUE.equals(serverKeyGeneration) && "manual".equals(approval)) {
      throw CertificateProfileDocument.invalid(
          "spec.enrollment: a key is not made before somebody approved it, so"
              + " serverKeyGeneration and approval manual do not go together.");
    }
    String window = renewal == null ? null : renewal.window;
    return new EnrollmentTerms(
        word("authentication", authentication, Authentication.class, Authentication.EITHER),
        word("approval", approval, Approval.class, Approval.NONE),
        binding(),
        Boolean.TRUE.equals(serverKeyGeneration),
        word("requestTemplate", requestTemplate, RequestTemplate.class, RequestTemplate.NONE),
        window == null
            ? null
            : CertificateProfileDocument.duration(
                "enrollment.renewal.window", window, validity, Duration.ofMinutes(1), validity),
        CertificateProfileDocument.duration(
            "enrollment.renewal.grace",
            renewal == null ? null : renewal.grace,
            Duration.ZERO,
            Duration.ZERO,
            LONGEST_GRACE),
        word(
            "renewal.predecessor",
            renewal == null ? null : renewal.predecessor,
            Predecessor.class,
            Predecessor.SUPERSEDE));
  }

  private boolean binding() {
    if (channelBinding == null || channelBinding.equals("none")) {
      return false;
    }
    if (channelBinding.equals("required")) {
      return true;
    }
    throw CertificateProfileDocument.invalid(
        "spec.enrollment.channelBinding must be one of none, required.");
  }

  private static <E extends Enum<E>> E word(
      String field, @Nullable String word, Class<E> type, E usual) {
    if (word == null) {
      return usual;
    }
    return EnrollmentTerms.ofWord(type, word)
        .orElseThrow(
            () -> CertificateProfileDocument.invalid("spec.enrollment." + field + " must be one of "
                + Stream.of(type.getEnumConstants())
                    .map(EnrollmentTerms::word)
                    .collect(Collectors.joining(", "))
                + "."));
  }
}
