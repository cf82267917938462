/* Days: their heads as text, their bodies by their templates. */

/* as the caller has it, one after the other; published, updated and values stand in its bytes in this order */
typedef struct {
  int64_t template, start, width, values, published, updated;
} Day;

typedef struct {
  const uint8_t *href;
  size_t href_size;
  Naming naming;
} Where;

static inline uint8_t *copied(uint8_t *to, const void *from, size_t size) {
  memcpy(to, from, size);
  return to + size;
}

/* bytes of the text before a body, at most */
static uint64_t head_size(const Template *template, const Where *where, const Day *day) {
  return (uint64_t)template->heading + UUID + 2 * where->href_size + (uint64_t)day->published + (uint64_t)day->updated +
         MOST_DIGITS;
}

static void put_head(State *state, Out *out, const Template *template, const Where *where, const Day *day,
                     const uint8_t *bytes) {
  uint8_t *from = room_for(state, out, (uint32_t)head_size(template, where, day)), *to = from;
  const uint8_t *text = template->text;
  to = copied(to, text + template->at[0], template->size[0]);
  name_of(&where->naming, day->start, to);
  to += UUID;
  to = copied(to, text + template->at[1], template->size[1]);
  to = copied(to, where->href, where->href_size);
  to = copied(to, text + template->at[2], template->size[2]);
  to = copied(to, where->href, where->href_size);
  to = copied(to, text + template->at[3], template->size[3]);
  to = copied(to, bytes, (size_t)day->published);
  to = copied(to, text + template->at[4], template->size[4]);
  to = copied(to, bytes + day->published, (size_t)day->updated);
  to = copied(to, text + template->at[5], template->size[5]);
  if (template->numbers) {
    to += written(value_at(bytes + day->published + day->updated, 0, (unsigned)day->width), to);
    to = copied(to, text + template->second_at, template->second_size);
  }
  took(state, (uint32_t)(to - from));
}

/* what is known of a value of a few digits, zeros behind them or not; NULL: it has more, or a sign */
static inline const Number *number_of(int64_t given, int *round) {
  uint64_t value = (uint64_t)given, thousands = value / THOUSAND;
  *round = value && thousands < NUMBERS && thousands * THOUSAND == value;
  if (*round) return &round_number[thousands];
  return value < NUMBERS ? &number[value] : NULL;
}

/* the value in full; how many digits it has */
static uint32_t put_value(Out *out, int64_t value, uint8_t *digits) {
  uint32_t count = written(value, digits);
  put_literals(out, digits, count);
  return count;
}

/* have the tables for a template's segments */
static void find_tables(State *state, const Template *template) {
  if (state->kinds == template->kinds && !memcmp(state->kind, template->kind, template->kinds * sizeof *state->kind))
    return;
  state->kinds = template->kinds;
  memcpy(state->kind, template->kind, sizeof state->kind);
  for (uint32_t kind = 0; kind < template->kinds; kind++) {
    state->some[kind] = 1;
    for (uint32_t digits = 0; digits <= FAST; digits++) {
      state->ready[kind][digits] = table_for(state, template->kind[kind] + digits);
      if (!state->ready[kind][digits]) state->some[kind] = 0;
    }
  }
}

/* whether all values are so small that each has a Number; and how many are what the one before is */
static inline __attribute__((always_inline)) int all_small(const uint8_t *values, size_t count, unsigned width,
                                                           uint32_t *same) {
  uint64_t any = (uint64_t)value_at(values, 0, width);
  uint32_t alike = 0;
  for (size_t place = 1; place < count; place++) {
    any |= (uint64_t)value_at(values, place, width);
    alike += value_at(values, place, width) == value_at(values, place - 1, width);
  }
  *same = alike;
  return any < SMALL;
}

/* The same where many values are what the one before is: then what is alike goes on from the end of one segment over
 * the value into the next segment, and is one match. */
static uint64_t steady_body(Out *out, uint32_t *sum, const Template *template, const Advance *table,
                            const uint8_t *values, unsigned width) {
  const Swift *swift = swift_of(template);
  const Number *before = &number[value_at(values, 1, width)];
  uint32_t crc = *sum, digits = 0, within = 0;
  for (uint32_t place = 2; place < template->numbers; place++) {
    const Segment *segment = &template->segment[place];
    const Number *behind = &number[value_at(values, place, width)];
    uint32_t far = segment->far + before->digits;
    uint32_t next = place + 1 < template->numbers ? segment[1].first : 0, on = segment->last + behind->digits + next;
    if (!within) put_match(out, segment->first, far);
    put_literals(out, template->text + segment->at + segment->first, segment->literals);
    within = behind == before && on <= LONGEST;
    put_match(out, within ? on : segment->last, far);
    if (!within) put(out, behind->bits, behind->count);
    crc = advanced(table[before->digits], crc) ^ (advanced(table[0], before->crc) ^ swift[place].sum);
    digits += behind->digits;
    before = behind;
  }
  *sum = crc;
  return digits;
}

/* Most days: nothing has to be asked. Each turn takes a segment and the value behind it, and sums up the value before
 * and the segment. How many digits there are behind the first value. */
static inline __attribute__((always_inline)) uint64_t even_body(Out *given, uint32_t *sum, const Template *template,
                                                                const Advance *table, const uint8_t *values,
                                                                unsigned width) {
  const Swift *its = swift_of(template) + 2;
  const Number *before = &number[value_at(values, 1, width)];
  uint32_t crc = *sum, digits = 0;
  Out out = *given;
  for (uint32_t place = 2; place < template->numbers; place++, its++) {
    const Number *behind = &number[value_at(values, place, width)];
    Code distance = template->distance[0][before->digits];
    uint64_t bits = its->first | (uint64_t)distance.bits << its->first_count;
    uint32_t filled = (uint32_t)its->first_count + distance.count;
    bits |= (its->rest | (uint64_t)distance.bits << its->rest_count) << filled;
    filled += (uint32_t)its->rest_count + distance.count;
    put(&out, bits, filled);
    put(&out, behind->bits, behind->count);
    crc = advanced(table[before->digits], crc) ^ (advanced(table[0], before->crc) ^ its->sum);
    digits += behind->digits;
    before = behind;
  }
  *given = out;
  *sum = crc;
  return digits;
}

/* the readings behind the first two segments, up to the last value */
static inline __attribute__((always_inline)) void body(State *state, Out *given, const Template *template,
                                                       const uint8_t *values, unsigned width) {
  const Swift *swift = swift_of(template);
  uint8_t digits[MOST_DIGITS];
  uint32_t crc = state->crc, before = MOST_DIGITS, count, same;
  int64_t value = value_at(values, 1, width);
  /* whether the value before the last one ends with zeros, whether the last one does, and whether its are to come */
  int earlier, round, owed;
  number_of(value_at(values, 0, width), &earlier);
  const Number *number = number_of(value, &round);
  find_tables(state, template);
  if (template->numbers > 2 && !(earlier && round) && template->even && state->some[0] &&
      all_small(values, template->numbers, width, &same)) {
    uint64_t size = state->size + put_value(given, value, digits);
    size += same * STEADY > template->numbers ? steady_body(given, &crc, template, state->ready[0], values, width)
                                              : even_body(given, &crc, template, state->ready[0], values, width);
    size += (uint64_t)(template->numbers - 2) * template->kind[0];
    state->crc = summed(crc, digits, written(value_at(values, template->numbers - 1, width), digits));
    state->size = size;
    return;
  }
  Out out = *given;
  owed = round;
  if (number) {
    put(&out, number->bits, number->count);
    count = number->digits;
  } else {
    Out slow = out;
    count = put_value(&slow, value, digits);
    out = slow;
  }
  uint64_t size = state->size + count;
  for (uint32_t place = 2; place < template->numbers; place++) {
    const Swift *its = &swift[place];
    const Segment *segment = &template->segment[place];
    int64_t next = value_at(values, place, width);
    int rounded;
    const Number *following = number_of(next, &rounded);
    uint32_t far = segment->back == 2 ? count + before : count;
    int fast = number && following && its->first_count && far <= 2 * FAST && state->some[its->kind];
    int wider = owed && earlier && segment->back == 1 && (fast ? its->wider_count : segment->first);
    if (owed && !wider) put(&out, zeros.bits, zeros.count);
    if (fast) {
      const Code *distance = &template->distance[its->back][far];
      const Advance *table = state->ready[its->kind];
      uint64_t bits = wider ? its->wider : its->first;
      uint32_t filled = wider ? its->wider_count : its->first_count;
      bits |= (uint64_t)distance->bits << filled;
      filled += distance->count;
      bits |= (uint64_t)its->rest << filled;
      filled += its->rest_count;
      bits |= (uint64_t)distance->bits << filled;
      filled += distance->count;
      crc = advanced(table[count], crc) ^ (advanced(table[0], number->crc) ^ its->sum);
      put(&out, bits, filled);
    } else {
      /* a copy, so that the other one stays in registers */
      Out slow = out;
      put_segment(&slow, template->text, segment, far, wider ? ZEROS : 0);
      crc = summed(crc, digits, written(value, digits));
      crc = summed(crc, template->text + segment->at, segment->size);
      out = slow;
    }
    before = count;
    if (following) {
      put(&out, following->bits, following->count);
      count = following->digits;
    } else {
      Out slow = out;
      count = put_value(&slow, next, digits);
      out = slow;
    }
    size += segment->size + count;
    earlier = round;
    round = owed = rounded;
    number = following;
    value = next;
  }
  if (owed) put(&out, zeros.bits, zeros.count);
  state->crc = summed(crc, digits, written(value, digits));
  state->size = size;
  *given = out;
}

#if X86
/* shifts by other numbers than constants are cheaper so */
__attribute__((target("bmi2"))) static void body_by_bmi2(State *state, Out *out, const Template *template,
                                                         const uint8_t *values, unsigned width) {
  switch (width) {
    case 1:
      body(state, out, template, values, 1);
      return;
    case 2:
      body(state, out, template, values, 2);
      return;
    case 4:
      body(state, out, template, values, 4);
      return;
    default:
      body(state, out, template, values, 8);
  }
}
#endif

static void put_body(State *state, Out *out, const Template *template, const uint8_t *values, unsigned width) {
#if X86
  if (shifting) {
    body_by_bmi2(state, out, template, values, width);
    return;
  }
#endif
  body(state, out, template, values, width);
}

static void put_day(State *state, Out *out, const Template *template, const Where *where, const Day *day,
                    const uint8_t *bytes) {
  put_head(state, out, template, where, day, bytes);
  if (template->numbers < 2) return;
  code_text(state, out);
  put_body(state, out, template, bytes + day->published + day->updated, (unsigned)day->width);
  uint8_t *to = room_for(state, out, template->tail_size);
  memcpy(to, template->text + template->tail_at, template->tail_size);
  took(state, template->tail_size);
}

/* whether a day says of itself what is so */
static int fits(const Template *template, const Where *where, const Day *day, size_t left) {
  if (!template || template->magic != MAGIC) return 0;
  if (day->width != 1 && day->width != 2 && day->width != 4 && day->width != 8) return 0;
  if (day->published < 0 || day->updated < 0 || day->values < 0 || day->start < 0) return 0;
  if (day->published > 64 || day->updated > 64 || where->href_size > HEAD_MOST / 8) return 0;
  if ((uint64_t)day->values != (uint64_t)template->numbers * (uint64_t)day->width) return 0;
  return (uint64_t)(day->published + day->updated) + (uint64_t)day->values <= left;
}
