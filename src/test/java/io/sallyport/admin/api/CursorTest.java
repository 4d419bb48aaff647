package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CursorTest {
  @Test
  void aCursorComesBackAsItWas() {
    assertEquals("größe/1\n2", Cursor.read("devices", Cursor.write("devices", "größe/1\n2")));
  }

  @Test
  void aCursorOfAnotherListIsRefused() {
    String cursor = Cursor.write("devices", "a");
    assertEquals(
        400,
        assertThrows(Refusal.class, () -> Cursor.read("policies", cursor))
            .problem()
            .status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "!", "ZGV2aWNlcwo=", "ZGV2aWNlcw"})
  void anythingElseIsRefused(String cursor) {
    assertEquals(
        400,
        assertThrows(Refusal.class, () -> Cursor.read("devices", cursor))
            .problem()
            .status());
  }

  @Test
  void aCursorThatIsTooLongIsRefused() {
    String cursor = Cursor.write("devices", "a".repeat(2000));
    assertThrows(Refusal.class, () -> Cursor.read("devices", cursor));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1001", "ten", "", "99999999999999999999"})
  void aLimitOutsideOneToAThousandIsRefused(String limit) {
    Paging paging = new Paging();
    paging.limit = limit;
    Refusal refusal = assertThrows(
        Refusal.class, () -> paging.of("devices", CursorTest::list, Function.identity()));
    assertEquals("The field \"limit\" is not a whole number from 1 to 1000.", refusal.detail());
  }

  @Test
  void theNextPageIsAskedForWithTheCursorOfThisOne() {
    Paging first = new Paging();
    first.limit = "2";
    Items<String> page = first.of("devices", CursorTest::list, Function.identity());
    assertEquals(List.of("after null", "2 wanted"), page.items());
    Paging second = new Paging();
    second.cursor = page.next();
    assertEquals(
        List.of("after door's", "100 wanted"),
        second.of("devices", CursorTest::list, Function.identity()).items());
  }

  @Test
  void aCursorThatTheDoorCannotReadIsRefused() {
    Paging paging = new Paging();
    paging.cursor = Cursor.write("devices", "forged");
    Refusal refusal = assertThrows(
        Refusal.class,
        () -> paging.of(
            "devices",
            (cursor, limit) -> {
              throw new IllegalArgumentException("Invalid UUID string: " + cursor);
            },
            Function.identity()));
    assertEquals(400, refusal.problem().status());
  }

  private static Page<String> list(@org.jspecify.annotations.Nullable String cursor, int limit) {
    return new Page<>(List.of("after " + cursor, limit + " wanted"), "door's");
  }
}
