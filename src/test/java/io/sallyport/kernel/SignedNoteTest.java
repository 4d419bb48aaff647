package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignedNoteTest {
  /** The example of Go's golang.org/x/mod/sumdb/note, where the format comes from. */
  private static final String VKEY =
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

  private static final String NOTE = """
      If you think cryptography is the answer to your problem,
      then you don't know what your problem is.

      — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
      """;

  @Test
  void theKnownNoteIsReadWrittenAndFoundGood() {
    SignedNote.VerifierKey key = SignedNote.VerifierKey.parse(VKEY);
    SignedNote note = SignedNote.parse(NOTE);
    assertEquals(VKEY, key.toString());
    assertEquals(NOTE, note.toString());
    assertTrue(key.signed(note));
  }

  @Test
  void aChangedTextIsNotSigned() {
    assertFalse(SignedNote.VerifierKey.parse(VKEY)
        .signed(SignedNote.parse(NOTE.replace("answer", "question"))));
  }

  @Test
  void aSignatureOfAnotherNameDoesNotCount() {
    assertFalse(SignedNote.VerifierKey.parse(VKEY)
        .signed(SignedNote.parse(NOTE.replace("— Peter", "— Paul"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "text",
        "text\n\n",
        "text\n\nPeter abc\n",
        "text\n\n— Peter\n",
        "text\n\n— Peter AA==\n"
      })
  void whatIsNoNoteIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> SignedNote.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a+b",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AQ==",
        "PeterNeumann+c74f20a3+!"
      })
  void whatIsNoVerifierKeyIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> SignedNote.VerifierKey.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a\n1\n",
        "a\n-1\nAA==\n",
        "a\n01\nAA==\n",
        "a\n1\nAA==\n",
        "\n1\nAA==\n",
        "a\n1\n%\n"
      })
  void whatIsNoCheckpointIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> MerkleCheckpoint.parse(text));
  }
}
