/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.pml - the protocol of doc/format.md section 13: two writers, two pruners, somebody who
 * deletes backups, and readers, who find every backup at any time.  Each atomic step is one
 * operation on the store; anybody may die between two steps, and any open session may be taken
 * for dead at any time.
 *
 * One chunk matters.  Pack 0 has it from the start, for backup 0.  Writer w stores it in pack
 * 1 + w unless it builds on a pack that some backup needs; pruner q copies it into pack 3 + q.
 *
 * -DWITHOUT_RESCUE, -DWITHOUT_RELIST, -DWITHOUT_WAIT, -DWITHOUT_MOVE leave one step out: each
 * has to be found wrong.
 */
#ifndef EPOCHS
#define EPOCHS 2
#endif
#define PACKS 5
#define SEALS 3
#define BIT(n) (1 << (n))
#define NONE 7

/* The store. */
byte packs = 1;             /* a bit per pack */
byte need[SEALS];           /* the pack that the backup lists */
byte seals = 1;             /* a bit per backup: its seal is there, and no tombstone */
byte moved[PACKS];          /* a bit per backup that a move covers */
byte moved_to[PACKS];
bool condemned[EPOCHS + 1]; /* prune/K.condemn is there, and what it says: */
byte condemned_packs[EPOCHS + 1], condemned_seals[EPOCHS + 1];
byte condemned_to[EPOCHS + 1];
bool deleted[EPOCHS + 1];   /* prune/K.delete is there, and what it says */
byte deleted_packs[EPOCHS + 1];
byte highest;               /* the highest epoch a listing shows */
byte session[2];            /* of the writers: */
#define OPEN 1
#define DONE 2
#define REMOVED 3
byte epoch_of[2];

/* Beside the store: backups that their writers were told to be done. */
byte confirmed = 1;
/* ... and writers whose sessions some pruner took for dead. */
byte passed_over;

/* Where backup `s` has the chunk now, by its list and the moves that cover it. */
inline resolve(s, x)
{
    x = need[s];
    do
    :: (packs & BIT(x)) == 0 && (moved[x] & BIT(s)) != 0 && moved_to[x] != NONE ->
        x = moved_to[x]
    :: else -> break
    od
}

#define HAS(s) (packs & BIT(need[s]) || \
    (moved[need[s]] & BIT(s) && moved_to[need[s]] != NONE && \
     (packs & BIT(moved_to[need[s]]) || \
      (moved[moved_to[need[s]]] & BIT(s) && moved_to[moved_to[need[s]]] != NONE && \
       packs & BIT(moved_to[moved_to[need[s]]])))))
#define WHOLE(s) (!(confirmed & BIT(s)) || !(seals & BIT(s)) || HAS(s))
#define RESTORABLE (WHOLE(0) && WHOLE(1) && WHOLE(2))

/* A pack that the record of epoch `k` keeps writers from. */
#define HELD(k, p) (condemned[k] && \
    (deleted[k] -> deleted_packs[k] & BIT(p) : condemned_packs[k] & BIT(p)))

proctype writer(byte w)
{
    byte e, seen, s, x, use, k;
    byte held;

    /* Registers under the highest epoch; looks again whether it still is. */
    atomic { e = highest; }
    do
    :: atomic { session[w] = OPEN; epoch_of[w] = e; }
       if
       :: atomic { e == highest -> break; }
       :: atomic { e != highest -> e = highest; }
       fi
    :: goto dead
    od;
    /* What is condemned, then what there is to build on. */
    atomic {
        held = 0; k = 1;
        do
        :: k <= EPOCHS ->
            x = 0;
            do
            :: x < PACKS -> if :: HELD(k, x) -> held = held | BIT(x) :: else fi; x++
            :: else -> break
            od;
            k++
        :: else -> break
        od;
        k = 0; x = 0;
    }
    atomic { seen = seals; }
    use = NONE;
    atomic {
        if
        :: (seen & 1) -> s = 0; resolve(s, x)
           if :: (packs & BIT(x)) && !(held & BIT(x)) -> use = x :: else fi
        :: (seen & BIT(2 - w)) -> s = 2 - w; resolve(s, x)
           if :: (packs & BIT(x)) && !(held & BIT(x)) -> use = x :: else fi
        :: skip
        fi;
        x = 0; s = 0; seen = 0;
    }
    if
    :: use == NONE -> atomic { use = 1 + w; packs = packs | BIT(1 + w); }
    :: else
    fi;
    if :: goto dead :: skip fi;
    atomic { need[1 + w] = use; seals = seals | BIT(1 + w); }
    if :: goto dead :: skip fi;
#ifndef WITHOUT_RELIST
    /* What was deleted since, then whether somebody took this session for dead. */
    atomic {
        k = 1; x = 0;
        do
        :: k <= EPOCHS ->
            if
            :: k > e && deleted[k] && (deleted_packs[k] & BIT(use)) -> x = 1
            :: else
            fi;
            k++
        :: else -> break
        od;
        k = 0;
    }
    if
    :: atomic { x == 0 && session[w] == OPEN -> skip; }
    :: else ->
        /* Nobody else is turned away. */
        assert((passed_over & BIT(w)) != 0);
        atomic { seals = seals & ~BIT(1 + w); }
        goto dead
    fi;
#endif
    atomic {
        confirmed = confirmed | BIT(1 + w);
        if :: session[w] == OPEN -> session[w] = DONE :: else fi
    }
dead:
    skip
}

proctype pruner(byte q)
{
    byte h, k, cover, dead, to, x, s, rescued, now, listed, quiet;

    do
    :: /* takes up the highest epoch when it has not ended */
       atomic { h = highest; k = h; }
       if
       :: atomic { k > 0 && condemned[k] -> skip; }
phase_two:
#ifndef WITHOUT_WAIT
          quiet = 0;
          atomic {
              if
              :: session[0] == OPEN && epoch_of[0] < k ->
                 if :: quiet = quiet | 1; passed_over = passed_over | 1 :: goto out fi
              :: else
              fi;
              if
              :: session[1] == OPEN && epoch_of[1] < k ->
                 if :: quiet = quiet | 2; passed_over = passed_over | 2 :: goto out fi
              :: else
              fi
          }
#endif
          atomic {
              rescued = 0;
#ifndef WITHOUT_RESCUE
              s = 0;
              do
              :: s < SEALS ->
                  if
                  :: (seals & BIT(s)) && !(condemned_seals[k] & BIT(s)) ->
                      resolve(s, x); rescued = rescued | BIT(x)
                  :: else
                  fi;
                  s++
              :: else -> break
              od;
              if
              :: condemned_to[k] != NONE && !(packs & BIT(condemned_to[k])) ->
                  rescued = condemned_packs[k]
              :: else
              fi;
#endif
              s = 0; x = 0;
          }
          atomic {
              if
              :: !deleted[k] ->
                  deleted[k] = true; deleted_packs[k] = condemned_packs[k] & ~rescued
              :: else
              fi;
              dead = deleted_packs[k]; rescued = 0;
          }
          atomic {
              now = seals;
#ifndef WITHOUT_RESCUE
              s = 0;
              do
              :: s < SEALS ->
                  if
                  :: (seals & BIT(s)) && !(condemned_seals[k] & BIT(s)) ->
                      resolve(s, x); dead = dead & ~BIT(x)
                  :: else
                  fi;
                  s++
              :: else -> break
              od;
#endif
              s = 0; x = 0;
          }
          if :: goto out :: skip fi;
#ifndef WITHOUT_MOVE
          atomic {
              x = 0;
              do
              :: x < PACKS ->
                  if
                  :: (dead & BIT(x)) ->
                      moved[x] = moved[x] | (now & condemned_seals[k]);
                      if :: condemned_to[k] != NONE && condemned_to[k] != x ->
                            moved_to[x] = condemned_to[k]
                         :: else
                      fi
                  :: else
                  fi;
                  x++
              :: else -> break
              od;
              x = 0; now = 0;
          }
#endif
          do
          :: atomic { dead != 0 ->
              if
              :: (dead & 1) -> x = 0
              :: !(dead & 1) && (dead & 2) -> x = 1
              :: !(dead & 3) && (dead & 4) -> x = 2
              :: !(dead & 7) && (dead & 8) -> x = 3
              :: !(dead & 15) && (dead & 16) -> x = 4
              fi;
              packs = packs & ~BIT(x); dead = dead & ~BIT(x); x = 0;
             }
          :: goto out
          :: atomic { dead == 0 -> break; }
          od;
#ifndef WITHOUT_WAIT
          /* Sessions that were taken for dead go before older records do. */
          atomic {
              if
              :: (quiet & 1) && session[0] == OPEN -> session[0] = REMOVED
              :: else
              fi
          }
          atomic {
              if
              :: (quiet & 2) && session[1] == OPEN -> session[1] = REMOVED
              :: else
              fi
          }
          quiet = 0;
#endif
          if
          :: atomic { k > 1 && !(session[0] == OPEN && epoch_of[0] < k - 1) &&
                      !(session[1] == OPEN && epoch_of[1] < k - 1) &&
                      condemned[k - 1] && deleted[k - 1] ->
                          condemned[k - 1] = false; deleted[k - 1] = false;
                          condemned_packs[k - 1] = 0; deleted_packs[k - 1] = 0;
                          condemned_seals[k - 1] = 0; }
          :: skip
          fi
       :: else
       fi;
       if
       :: atomic { h < EPOCHS -> skip; }
       :: else -> goto out
       fi;
       /* Marks: what no backup needs is dead; what is needed may be copied. */
       atomic { cover = seals; now = 0; s = 0;
          do
          :: s < SEALS ->
              if :: (cover & BIT(s)) -> resolve(s, x); now = now | BIT(x) :: else fi;
              s++
          :: else -> break
          od;
          s = 0; x = 0;
       }
       atomic {
           dead = packs & ~now & ~BIT(3 + q); to = NONE;
           if
           :: now != 0 && !(packs & BIT(3 + q)) && (now & BIT(3 + q)) == 0 &&
              moved[3 + q] == 0 && (packs & now) == now -> to = 3 + q
           :: skip
           fi;
       }
       if
       :: to != NONE -> atomic { packs = packs | BIT(to); dead = dead | now; }
       :: else
       fi;
       now = 0;
       if
       :: atomic { dead == 0 -> goto out; }
       :: else
       fi;
       /* The name of the next epoch is taken once. */
       atomic {
           k = h + 1; h = 0;
           if
           :: !condemned[k] && highest < k ->
               condemned[k] = true; condemned_packs[k] = dead; condemned_seals[k] = cover;
               condemned_to[k] = to; highest = k; dead = 0; cover = 0; to = 0;
               goto phase_two
           :: else -> goto out
           fi
       }
    :: goto out
    od;
out:
    skip
}

/* Backups expire: one that a pruner may be about to mark, or one that another builds on. */
proctype deleter()
{
    if
    :: atomic { seals = seals & ~1; }
    :: skip
    fi;
    if
    :: atomic { (confirmed & 2) -> seals = seals & ~2; }
    :: skip
    fi
}

proctype reader()
{
    atomic { !RESTORABLE -> assert(false); }
}

init {
    atomic {
        moved_to[0] = NONE; moved_to[1] = NONE; moved_to[2] = NONE; moved_to[3] = NONE;
        moved_to[4] = NONE;
        run writer(0); run writer(1); run pruner(0); run pruner(1); run deleter(); run reader();
    }
}
