/* The direct deflate encoder: interval blocks into the bits of a gzip member, without their XML ever being written.
 *
 * RFC 1951 and RFC 1952. All of a stream goes into one deflate block, by one Huffman code that is made beforehand and
 * has a code for every literal, length and distance. Two things are coded:
 *
 * - *Text*: entry heads, and whatever else a feed has. It is written into a window and matched against what of it
 *   went by before; bodies between two texts are jumped over, and distances count them in.
 * - *Bodies*: the readings of a day. Between two values stands a segment that differs from the one before in some
 *   digits of its start. So its bits are made when its template is made, for each number of digits that the value
 *   before it may have, and so is what it does to the check sum: a reading costs a few table look-ups.
 *
 * Nothing here allocates; nothing that is global changes after the library is loaded. A stream's state is memory of
 * the caller's, used by one thread at a time. The caller says how much may be written: where less is left than the
 * next thing could take, a function returns before it and says how far it has come.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* what the functions below take: changes with them */
#define ABI 3
/* how the bits are chosen: changes whenever the same feed would come out as other bytes */
#define FORM 4

#define EXPORT __attribute__((visibility("default")))
#define POLYNOMIAL 0xEDB88320u
#define FARTHEST 32768u
#define LONGEST 258u
#define SHORTEST 3u
#define LITERALS 286
#define DISTANCES 30
#define END 256
/* bits that one symbol of a literal takes at most; a match takes fewer than its literals would */
#define WORST 15u
/* digits that a value mostly has at most */
#define DIGITS 5
#define NUMBERS 100000u
/* many meters count in thousands of what their values are given in: so many zeros end them */
#define ZEROS 3u
#define THOUSAND 1000u
/* digits of a value that is looked up at most */
#define FAST (DIGITS + ZEROS)
/* bits below it make no number that has none */
#define SMALL 65536u
/* one value in so many that is what the one before is makes a day steady */
#define STEADY 6u
/* of an int64 with its sign */
#define MOST_DIGITS 20u
/* bits that go into the writer at once */
#define WORD 56u
/* of them, those of the literals and of the length of the last match */
#define REST 32u
/* sizes of segments that a template has mostly */
#define KINDS 4u
#define UUID 36u
#define SLOTS 5u

#define WINDOW (128u * 1024u)
/* text that is taken at a time */
#define SLICE (32u * 1024u)
#define REGIONS 1024u
/* within segments that are unlike, what is alike for so long is a match */
#define ALIKE 5u
/* a match that is so long is likely to go on behind the next few literals */
#define ALONG 16u
/* how far what of it can be found again is apart */
#define APART 32u
#define HASH_BITS 12
#define PLACE_BITS 18
#define TABLES 64u
#define ADVANCED 1024u
#define MAGIC 0x77646431u

/* what a template may be at most */
#define TEXT_MOST (1024u * 1024u)
#define BOUND_MOST (96u * 1024u)
#define HEAD_MOST (24u * 1024u)
/* bytes to a number that are not copied from the readings before */
#define LOOSE 8u

/* what some processors can do is used where it is there; WATTSHARE_PLAIN: nowhere */
#if defined(__x86_64__) && !defined(WATTSHARE_PLAIN)
#include <immintrin.h>
#define X86 1
#else
#define X86 0
#endif

enum { BAD_TEMPLATE = -1, BAD_DAY = -2, UNLIKE = 1 };

#include "code.inc"

/* in this order: each stands on those before it, and all of them are one unit for the compiler */
#include "tables.h"
#include "sums.h"
#include "bits.h"
#include "text.h"
#include "templates.h"
#include "naming.h"
#include "days.h"

EXPORT uint32_t wattshare_abi(void) { return ABI; }

EXPORT uint32_t wattshare_form(void) { return FORM; }

EXPORT size_t wattshare_state_size(void) { return sizeof(State); }

/* Begin, in memory with whatever in it. Bytes that are written. */
EXPORT int64_t wattshare_begin(State *state, uint8_t *to, size_t capacity) {
  if (capacity < sizeof OPENING + 8) return 0;
  state->crc = 0xFFFFFFFFu;
  state->size = state->regions = state->tables = state->apart = state->along = 0;
  memset(state->place, 0, sizeof state->place);
  memset(state->table_of, 0, sizeof state->table_of);
  state->kinds = 0;
  state->t = state->coded = state->hashed = 4;
  Out out = {to, 0, 0};
  uint32_t left = OPENING_BITS;
  for (size_t at = 0; left; at++) {
    uint32_t some = left < 8 ? left : 8;
    put(&out, OPENING[at], some);
    left -= some;
  }
  return closed(state, &out, to);
}

/* Take text. Bytes that are written; `taken` says how much of it was: the rest is to come again, with more room. */
EXPORT int64_t wattshare_text(State *state, const uint8_t *text, size_t size, size_t *taken, uint8_t *to,
                              size_t capacity) {
  Out out = opened(state, to);
  size_t at = 0;
  while (at < size) {
    uint32_t some = size - at < SLICE / 2 ? (uint32_t)(size - at) : SLICE / 2;
    if ((uint64_t)(out.at - to) + (uint64_t)(state->t - state->coded) * 2 + 64 > capacity) break;
    memcpy(room_for(state, &out, some), text + at, some);
    took(state, some);
    at += some;
  }
  *taken = at;
  return closed(state, &out, to);
}

/* Take days of one channel from `first` on. As `text`; BAD_DAY: one of them is not what it says. */
EXPORT int64_t wattshare_days(State *state, const uint8_t *hashed, size_t hashed_size, const uint8_t *href,
                              size_t href_size, const Day *days, size_t count, size_t first, const uint8_t *bytes,
                              size_t size, size_t *taken, uint8_t *to, size_t capacity) {
  Where where = {href, href_size, {{0}, 0, {0}}};
  Out out = opened(state, to);
  size_t at = 0, day = 0;
  name_begin(&where.naming, hashed, hashed_size);
  for (; day < count; day++) {
    const Template *template = (const Template *)(uintptr_t)days[day].template;
    if (!fits(template, &where, &days[day], size - at)) {
      *taken = day;
      return BAD_DAY;
    }
    size_t its = (size_t)(days[day].published + days[day].updated + days[day].values);
    if (day >= first) {
      uint64_t text = state->t - state->coded + head_size(template, &where, &days[day]) + template->tail_size;
      if ((uint64_t)(out.at - to) + text * 2 + template->bound + 64 > capacity) break;
      put_day(state, &out, template, &where, &days[day], bytes + at);
    }
    at += its;
  }
  *taken = day;
  return closed(state, &out, to);
}

/* End the stream. Bytes that are written, or 0: there is not enough room. */
EXPORT int64_t wattshare_finish(State *state, uint8_t *to, size_t capacity) {
  if ((uint64_t)(state->t - state->coded) * 2 + 64 > capacity) return 0;
  Out out = opened(state, to);
  code_text(state, &out);
  put(&out, literal[END].bits, literal[END].count);
  put(&out, 0, (8 - out.count) & 7);
  return closed(state, &out, to);
}

/* of all that has been taken: as RFC 1952 has it */
EXPORT uint32_t wattshare_crc(const State *state) { return ~state->crc; }

EXPORT uint64_t wattshare_taken(const State *state) { return state->size; }
