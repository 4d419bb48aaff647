package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.enrollment.SignedJson.Unreadable;
import io.sallyport.kernel.Der;
import io.sallyport.testing.Fuzzing;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestVouchers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whatever comes as a voucher or a request for one is read, or refused with a sentence. */
class SignedJsonFuzzTest {
  private static final Identity SIGNER = TestPki.manufacturer("fuzz").idevid("F-1");

  private static byte[] good() {
    return TestVouchers.signed(
        SIGNER,
        TestVouchers.text(
            TestVouchers.REQUEST,
            Map.of(
                "serial-number",
                "F-1",
                "nonce",
                "AAAAAAAAAAA=",
                "created-on",
                "2026-01-01T00:00:00Z")));
  }

  @Test
  void aSignedTextIsReadOrRefused() {
    Fuzzing.of(Cms.class, List.of(good()));
  }

  @Test
  void aTextIsReadOrRefused() {
    Fuzzing.of(
        Json.class,
        List.of(TestVouchers.text(
            TestVouchers.VOUCHER,
            Map.of(
                "serial-number",
                "F-1",
                "nonce",
                "AAAAAAAAAAA=",
                "created-on",
                "2026-01-01T00:00:00Z"))));
  }

  static final class Cms {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        SignedJson read = SignedJson.read(Der.of(octets));
        VoucherText.read(read.content(), VoucherText.REQUEST);
      } catch (Unreadable refused) {
        // As it should be.
      }
    }
  }

  static final class Json {
    public static void fuzzerTestOneInput(byte[] octets) {
      try {
        VoucherText.read(octets, VoucherText.VOUCHER);
      } catch (Unreadable refused) {
        // As it should be.
      }
    }
  }

  @Test
  void whatIsCutAnywhereIsRefused() {
    byte[] whole = good();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThrows(Unreadable.class, () -> SignedJson.read(Der.of(cut)));
    }
  }

  @Test
  void nestingDoesNotExhaustTheReader() {
    for (int length : new int[] {0x80, 0x83}) {
      byte[] deep = new byte[60_000];
      int step = length == 0x80 ? 2 : 5;
      for (int at = 0; at + step <= deep.length; at += step) {
        deep[at] = 0x30;
        deep[at + 1] = (byte) length;
        if (step == 5) {
          int left = deep.length - at - step;
          deep[at + 2] = (byte) (left >> 16);
          deep[at + 3] = (byte) (left >> 8);
          deep[at + 4] = (byte) left;
        }
      }
      assertThrows(Unreadable.class, () -> SignedJson.read(Der.of(deep)));
    }
    byte[] json = ("{\"a\":" + "[".repeat(50_000)).getBytes(StandardCharsets.UTF_8);
    assertThrows(Unreadable.class, () -> VoucherText.read(json, VoucherText.VOUCHER));
  }
}
