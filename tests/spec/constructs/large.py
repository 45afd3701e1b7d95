# More than 255 of everything: constants, names, locals, arguments, jumps over a long body.
# prints: 344850
# prints: 3675 -1800

source = ["def f():"]
source += list(f"    x{i} = {i} + 1000" for i in range(300))
source += ["    return " + " + ".join(f"x{i}" for i in range(300))]
exec("\n".join(source))
print(f())


def long(flag, total=0):
    for i in range(3):
        if flag:
            total += 1; total += 2; total += 3; total += 4; total += 5; total += 6; total += 7; total += 8; total += 9
            total += 10; total += 11; total += 12; total += 13; total += 14; total += 15; total += 16; total += 17
            total += 18; total += 19; total += 20; total += 21; total += 22; total += 23; total += 24; total += 25
            total += 26; total += 27; total += 28; total += 29; total += 30; total += 31; total += 32; total += 33
            total += 34; total += 35; total += 36; total += 37; total += 38; total += 39; total += 40; total += 41
            total += 42; total += 43; total += 44; total += 45; total += 46; total += 47; total += 48; total += 49
        else:
            try:
                total -= 1; total -= 2; total -= 3; total -= 4; total -= 5; total -= 6; total -= 7; total -= 8
                total -= 9; total -= 10; total -= 11; total -= 12; total -= 13; total -= 14; total -= 15; total -= 16
                total -= 17; total -= 18; total -= 19; total -= 20; total -= 21; total -= 22; total -= 23; total -= 24
                if total < -700:
                    raise ValueError(total)
            except ValueError as error:
                total = error.args[0] * 2
    return total


print(long(True), long(False))
