/* Templates of days: what of a body is known before its values are. */

/* what stands between two values, held against what stands `back` values before */
typedef struct {
  uint32_t at, size;
  /* a match from its start, literals, a match up to its end */
  uint32_t first, literals, last;
  /* distance of the first match without the digits of the values in between, and how much farther the last one is */
  uint32_t far;
  int32_t farther;
  uint32_t back;
  /* where that stands */
  uint32_t its;
} Segment;

/* the same as it mostly is: both matches are as far as those of others are, so that this is known but for the digits */
typedef struct {
  /* the literals and the length of the last match */
  uint32_t rest;
  /* the length of the first match, and how many bits both are; 0: there is only the segment */
  uint32_t first;
  /* the same with the zeros before it, which end both values */
  uint32_t wider;
  /* what it makes of a zero register */
  uint32_t sum;
  uint8_t first_count, wider_count, rest_count;
  /* which of the template's sizes it has, and which of its distances */
  uint8_t kind, back;
} Swift;

typedef struct {
  uint32_t magic, numbers;
  const uint8_t *text;
  /* around the slots of a head; behind the first value, and behind the last of several */
  uint32_t at[SLOTS + 1], size[SLOTS + 1];
  uint32_t second_at, second_size, tail_at, tail_size;
  /* bytes of the text, and those that its body takes at most when it is coded */
  uint32_t heading, bound;
  /* sizes of segments, and what is as far as the first match of one, by the digits of the values in between */
  uint32_t kinds, kind[KINDS], far[2];
  Code distance[2][2 * FAST + 1];
  /* whether all that is between two values is swift, of one kind and held against what is before it */
  uint32_t even;
  Segment segment[];
  /* then a Swift for each */
} Template;

/* behind the segments of a template */
static inline const Swift *swift_of(const Template *template) {
  return (const Swift *)(const void *)(template->segment + template->numbers);
}

/* what is here and there unlike: a short match would not be worth it, and a longer one never takes more than literals */
static void put_unlike(Out *out, const uint8_t *mine, const uint8_t *its, uint32_t size, uint32_t far) {
  uint32_t at = 0;
  while (at < size) {
    uint32_t alike = 0;
    while (at + alike < size && mine[at + alike] == its[at + alike]) alike++;
    if (alike >= ALIKE)
      put_match(out, alike, far);
    else
      put_literals(out, mine + at, alike);
    at += alike;
    if (at < size) put_literals(out, mine + at++, 1);
  }
}

/* `before`: of the text before it, so much is alike too and not written yet */
static void put_segment(Out *out, const uint8_t *text, const Segment *segment, uint32_t digits, uint32_t before) {
  const uint8_t *its = text + segment->its;
  text += segment->at;
  if (segment->first) put_match(out, segment->first + before, segment->far + digits);
  if (segment->first && segment->last && !segment->farther)
    put_unlike(out, text + segment->first, its + segment->first, segment->literals, segment->far + digits);
  else
    put_literals(out, text + segment->first, segment->literals);
  if (segment->last) put_match(out, segment->last, (uint32_t)((int32_t)(segment->far + digits) + segment->farther));
}

/* bytes of a segment that stand there as they are */
static uint32_t loose_of(const Segment *segment, const uint8_t *text) {
  if (!segment->first || !segment->last || segment->farther) return segment->literals;
  const uint8_t *mine = text + segment->at + segment->first, *its = text + segment->its + segment->first;
  uint32_t at = 0, loose = 0;
  while (at < segment->literals) {
    uint32_t alike = 0;
    while (at + alike < segment->literals && mine[at + alike] == its[at + alike]) alike++;
    loose += alike < ALIKE ? alike + 1 : 1;
    at += alike + 1;
  }
  return loose;
}

/* what of a segment can be copied from another one */
static void compare(Segment *segment, const uint8_t *text, uint32_t at, uint32_t size) {
  uint32_t least = segment->size < size ? segment->size : size, first = 0, last = 0;
  const uint8_t *mine = text + segment->at, *its = text + at;
  while (first < least && mine[first] == its[first]) first++;
  while (last < least - first && mine[segment->size - 1 - last] == its[size - 1 - last]) last++;
  first = first < 4 ? 0 : first;
  last = last < 4 ? 0 : last;
  segment->first = first;
  segment->last = last;
  segment->literals = segment->size - first - last;
  segment->farther = (int32_t)segment->size - (int32_t)size;
  segment->its = at;
}

/* which of the template's sizes a segment has; KINDS: it has too many */
static uint32_t kind_of(Template *made, uint32_t size) {
  uint32_t kind = 0;
  while (kind < made->kinds && made->kind[kind] != size) kind++;
  if (kind == made->kinds && kind < KINDS) made->kind[made->kinds++] = size;
  return kind;
}

/* make a segment's bits, where they are as they mostly are */
static void settle(Template *made, const Segment *segment, Swift *swift) {
  const uint8_t *mine = made->text + segment->at + segment->first;
  uint32_t kind = kind_of(made, segment->size), back = segment->back - 1, bits = 0, most = 0;
  uint64_t rest = 0;
  if (!made->far[back]) {
    made->far[back] = segment->far;
    for (uint32_t digits = 1; digits <= 2 * FAST && segment->far + digits <= FARTHEST; digits++)
      made->distance[back][digits] = code_of_distance(segment->far + digits);
  }
  if (kind == KINDS || segment->far != made->far[back] || segment->farther) return;
  if (!segment->first || segment->first > LONGEST || !segment->last || segment->last > LONGEST) return;
  for (uint32_t place = 0; place < segment->literals; place++) {
    bits += literal[mine[place]].count;
    if (bits > REST) return;
    rest |= (uint64_t)literal[mine[place]].bits << (bits - literal[mine[place]].count);
  }
  Code first = length_of[segment->first], last = length_of[segment->last];
  /* with both distances, whatever they are, it goes into the writer at once */
  for (uint32_t digits = 0; digits <= 2 * FAST; digits++)
    if (made->distance[back][digits].count > most) most = made->distance[back][digits].count;
  if (bits + last.count > REST || bits + first.count + last.count + 2 * most > WORD) return;
  swift->rest = (uint32_t)(rest | (uint64_t)last.bits << bits);
  swift->rest_count = (uint8_t)(bits + last.count);
  swift->first = first.bits;
  swift->kind = (uint8_t)kind;
  swift->back = (uint8_t)back;
  swift->first_count = first.count;
  if (segment->first + ZEROS > LONGEST) return;
  Code wider = length_of[segment->first + ZEROS];
  if (bits + wider.count + last.count + 2 * most > WORD) return;
  swift->wider = wider.bits;
  swift->wider_count = wider.count;
}

/* bytes that a segment and the value behind it take at most */
static uint32_t bound_of(const Segment *segment) {
  /* whatever the digits are: the longest code and the most extra bits of each part of a match */
  uint32_t parts = segment->first / (LONGEST - SHORTEST) + 1 + segment->last / (LONGEST - SHORTEST) + 1;
  return (segment->literals * WORST + parts * (WORST + 5 + WORST + 13) + MOST_DIGITS * WORST) / 8 + 2;
}

/* the bytes that a template of so many numbers takes */
EXPORT size_t wattshare_template_size(size_t numbers) {
  return sizeof(Template) + numbers * (sizeof(Segment) + sizeof(Swift));
}

/* Whether a slot stands there: %b for one of the first, then %ld for each number. */
static int slotted(const uint8_t *text, size_t size, size_t at, size_t slots) {
  const char *slot = slots < SLOTS ? "%b" : "%ld";
  size_t length = slots < SLOTS ? 2 : 3;
  return at + length <= size && !memcmp(text + at, slot, length);
}

/* Make a template of a text with the slots %b, %b, %b, %b, %b, and then %ld for each number. The text must stay where
 * it is. 0; UNLIKE: its days are smaller as text; or BAD_TEMPLATE: it is none that can be coded this way. */
EXPORT int64_t wattshare_template(const uint8_t *text, size_t size, size_t numbers, Template *made, size_t capacity) {
  if (size > TEXT_MOST || numbers > TEXT_MOST || capacity < wattshare_template_size(numbers)) return BAD_TEMPLATE;
  size_t slots = 0, from = 0;
  uint64_t bound = 0, loose = 0;
  memset(made, 0, capacity);
  made->text = text;
  made->numbers = (uint32_t)numbers;
  for (size_t at = 0; at <= size; at++) {
    if (at < size && text[at] != '%') continue;
    if (at < size && (slots >= SLOTS + numbers || !slotted(text, size, at, slots))) return BAD_TEMPLATE;
    uint32_t length = (uint32_t)(at - from);
    if (slots <= SLOTS) {
      made->at[slots] = (uint32_t)from;
      made->size[slots] = length;
      made->heading += length;
    } else if (slots == SLOTS + 1) {
      made->second_at = (uint32_t)from;
      made->second_size = length;
      made->heading += length;
    } else if (slots == SLOTS + numbers) {
      made->tail_at = (uint32_t)from;
      made->tail_size = length;
    } else {
      Segment *segment = &made->segment[slots - SLOTS];
      segment->at = (uint32_t)from;
      segment->size = length;
    }
    from = at + (slots < SLOTS ? 2 : 3);
    at = from - 1;
    slots++;
  }
  if (slots != SLOTS + numbers + 1 || made->heading > HEAD_MOST || made->tail_size > HEAD_MOST) return BAD_TEMPLATE;
  if (numbers > 1) {
    made->segment[1].at = made->second_at;
    made->segment[1].size = made->second_size;
  }
  Swift *swift = (Swift *)(void *)(made->segment + numbers);
  made->even = 1;
  for (size_t place = 2; place < numbers; place++) {
    Segment *segment = &made->segment[place];
    const Segment *one = segment - 1, *two = place > 2 ? segment - 2 : NULL;
    segment->literals = segment->size;
    /* costs and values take turns */
    segment->back = two && one->size != segment->size && two->size == segment->size ? 2 : 1;
    segment->far = segment->back == 2 ? one->size + two->size : one->size;
    if ((uint64_t)segment->far + segment->size + 2 * MOST_DIGITS < FARTHEST) {
      const Segment *its = segment->back == 2 ? two : one;
      compare(segment, text, its->at, its->size);
      settle(made, segment, &swift[place]);
    }
    swift[place].sum = summed(0, text + segment->at, segment->size);
    made->even &= swift[place].first_count && !swift[place].kind && !swift[place].back;
    bound += bound_of(segment);
    loose += loose_of(segment, text);
    if (bound > BOUND_MOST) return BAD_TEMPLATE;
  }
  made->bound = (uint32_t)bound + 4 * MOST_DIGITS;
  made->magic = MAGIC;
  /* where readings are not like the one before, as where some have a cost and others none, others are found further
   * back by who looks for them */
  return loose > LOOSE * (uint64_t)numbers ? UNLIKE : 0;
}
