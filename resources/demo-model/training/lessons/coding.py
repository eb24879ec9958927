"""Short programs in fenced blocks."""

from __future__ import annotations

from random import Random

from .chat import Turn
from .say import say

# task, language, fence, code, closing sentence. `@` is a number and `~` a word that vary.
SNIPPETS = [
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "Python",
        "python",
        'print("Hello, world!")',
        "Save it as `hello.py` and run it with `python3 hello.py`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "C++",
        "cpp",
        '#include <iostream>\n\nint main() {\n    std::cout << "Hello, world!\\n";\n}',
        "Compile it with `g++ hello.cpp -o hello`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "C",
        "c",
        '#include <stdio.h>\n\nint main(void) {\n    printf("Hello, world!\\n");\n    return 0;\n}',
        "Compile it with `cc hello.c -o hello`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "JavaScript",
        "javascript",
        'console.log("Hello, world!");',
        "Run it with `node hello.js`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "Rust",
        "rust",
        'fn main() {\n    println!("Hello, world!");\n}',
        "Compile it with `rustc hello.rs`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "Go",
        "go",
        'package main\n\nimport "fmt"\n\nfunc main() {\n    fmt.Println("Hello, world!")\n}',
        "Run it with `go run hello.go`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "Java",
        "java",
        'public class Hello {\n    public static void main(String[] args) {\n        System.out.println("Hello, world!");\n    }\n}',
        "Run it with `java Hello.java`.",
    ),
    (
        "{prints|says} {Hello, world|hello world|hello}",
        "Bash",
        "bash",
        'echo "Hello, world!"',
        "Type it in a terminal.",
    ),
    (
        "{counts|prints the numbers} {from|} 1 to @",
        "Python",
        "python",
        "for number in range(1, @ + 1):\n    print(number)",
        "`range` stops before its end, so one is added.",
    ),
    (
        "{counts|prints the numbers} {from|} 1 to @",
        "C++",
        "cpp",
        "#include <iostream>\n\nint main() {\n    for (int number = 1; number <= @; ++number) {\n        std::cout << number << '\\n';\n    }\n}",
        "The loop runs while the number is at most @.",
    ),
    (
        "{counts|prints the numbers} {from|} 1 to @",
        "JavaScript",
        "javascript",
        "for (let number = 1; number <= @; number++) {\n    console.log(number);\n}",
        "The loop runs while the number is at most @.",
    ),
    (
        "{counts|prints the numbers} {from|} 1 to @",
        "Bash",
        "bash",
        'for number in $(seq 1 @); do\n    echo "$number"\ndone',
        "`seq` lists the numbers.",
    ),
    (
        "adds two numbers",
        "Python",
        "python",
        "def add(a, b):\n    return a + b\n\n\nprint(add(2, @))",
        "The last line tries it out.",
    ),
    (
        "adds two numbers",
        "JavaScript",
        "javascript",
        "function add(a, b) {\n    return a + b;\n}\n\nconsole.log(add(2, @));",
        "The last line tries it out.",
    ),
    (
        "adds two numbers",
        "C++",
        "cpp",
        "int add(int a, int b) {\n    return a + b;\n}",
        "Call it like this: `add(2, @)`.",
    ),
    (
        "adds two numbers",
        "Rust",
        "rust",
        "fn add(a: i32, b: i32) -> i32 {\n    a + b\n}",
        "Call it like this: `add(2, @)`.",
    ),
    (
        "{computes|calculates} the factorial{ of a number|}",
        "Python",
        "python",
        "def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)\n\n\nprint(factorial(@))",
        "The function calls itself until n is 1.",
    ),
    (
        "{computes|calculates} the factorial{ of a number|}",
        "C++",
        "cpp",
        "long factorial(int n) {\n    return n < 2 ? 1 : n * factorial(n - 1);\n}",
        "The function calls itself until n is 1.",
    ),
    (
        "{computes|calculates} the factorial{ of a number|}",
        "JavaScript",
        "javascript",
        "function factorial(n) {\n    return n < 2 ? 1 : n * factorial(n - 1);\n}",
        "The function calls itself until n is 1.",
    ),
    (
        "{prints|computes|lists} {the |}Fibonacci numbers",
        "Python",
        "python",
        "a, b = 0, 1\nfor _ in range(@):\n    print(a)\n    a, b = b, a + b",
        "Each number is the sum of the two before it.",
    ),
    (
        "{prints|computes|lists} {the |}Fibonacci numbers",
        "JavaScript",
        "javascript",
        "let [a, b] = [0, 1];\nfor (let i = 0; i < @; i++) {\n    console.log(a);\n    [a, b] = [b, a + b];\n}",
        "Each number is the sum of the two before it.",
    ),
    (
        "{tests|checks} {if|whether} a number is prime",
        "Python",
        "python",
        "def is_prime(n):\n    if n < 2:\n        return False\n    for d in range(2, int(n ** 0.5) + 1):\n        if n % d == 0:\n            return False\n    return True",
        "It tries all divisors up to the square root.",
    ),
    (
        "{tests|checks} {if|whether} a number is prime",
        "C++",
        "cpp",
        "bool isPrime(int n) {\n    if (n < 2) return false;\n    for (int d = 2; d * d <= n; ++d) {\n        if (n % d == 0) return false;\n    }\n    return true;\n}",
        "It tries all divisors up to the square root.",
    ),
    (
        "{tests|checks} {if|whether} a number is even",
        "Python",
        "python",
        "def is_even(n):\n    return n % 2 == 0",
        "`%` gives the rest of a division.",
    ),
    (
        "{tests|checks} {if|whether} a number is even",
        "JavaScript",
        "javascript",
        "const isEven = (n) => n % 2 === 0;",
        "`%` gives the rest of a division.",
    ),
    (
        "reverses a {string|text|word}",
        "Python",
        "python",
        'def reverse(text):\n    return text[::-1]\n\n\nprint(reverse("~"))',
        "The slice `[::-1]` walks backward.",
    ),
    (
        "reverses a {string|text|word}",
        "JavaScript",
        "javascript",
        'const reverse = (text) => [...text].reverse().join("");\n\nconsole.log(reverse("~"));',
        "The text is split, reversed and joined.",
    ),
    (
        "sorts a list",
        "Python",
        "python",
        "numbers = [5, 2, @, 1]\nnumbers.sort()\nprint(numbers)",
        "Use `reverse=True` to sort downward.",
    ),
    (
        "sorts a list",
        "JavaScript",
        "javascript",
        "const numbers = [5, 2, @, 1];\nnumbers.sort((a, b) => a - b);\nconsole.log(numbers);",
        "Without the function the numbers would be sorted as text.",
    ),
    (
        "sorts a {list|vector}",
        "C++",
        "cpp",
        "#include <algorithm>\n#include <vector>\n\nstd::vector<int> numbers{5, 2, @, 1};\nstd::ranges::sort(numbers);",
        "`std::ranges::sort` works in place.",
    ),
    (
        "reads a {text |}file",
        "Python",
        "python",
        'with open("~.txt", encoding="utf-8") as file:\n    for line in file:\n        print(line.rstrip())',
        "`with` closes the file at the end.",
    ),
    (
        "finds the {largest|biggest} number{ of a list| in a list|}",
        "Python",
        "python",
        "numbers = [3, @, 7]\nprint(max(numbers))",
        "`min` finds the smallest.",
    ),
    (
        "{sums up|adds up} a list",
        "Python",
        "python",
        "numbers = [1, 2, @]\nprint(sum(numbers))",
        "`sum` adds all items.",
    ),
    (
        "makes a class {for|of} a dog",
        "Python",
        "python",
        'class Dog:\n    def __init__(self, name):\n        self.name = name\n\n    def bark(self):\n        return f"{self.name} says woof"\n\n\nprint(Dog("~").bark())',
        "`__init__` runs when an object is made.",
    ),
    (
        "{selects|gets|finds} all {users|customers} older than @",
        "SQL",
        "sql",
        "SELECT name, age\nFROM users\nWHERE age > @\nORDER BY name;",
        "`WHERE` picks the rows, `ORDER BY` sorts them.",
    ),
    (
        "creates a table{ of users|}",
        "SQL",
        "sql",
        "CREATE TABLE users (\n    id INTEGER PRIMARY KEY,\n    name TEXT NOT NULL,\n    age INTEGER\n);",
        "Each row gets its own id.",
    ),
    (
        "shows a {page|web page} with a {heading|title}",
        "HTML",
        "html",
        "<!DOCTYPE html>\n<html>\n  <head><title>~</title></head>\n  <body>\n    <h1>Hello</h1>\n    <p>This is a small page.</p>\n  </body>\n</html>",
        "Save it as `index.html` and open it in a browser.",
    ),
    ("makes a {heading|title} {blue|red}", "CSS", "css", "h1 {\n    color: blue;\n}", "Write it into a style sheet."),
    ("lists {all |}files{ in a folder|}", "Bash", "bash", "ls -la", "`-l` shows details, `-a` hidden files too."),
    ("finds a word in files", "Bash", "bash", 'grep -rn "~" .', "`-r` looks into folders, `-n` shows line numbers."),
    (
        "describes a person",
        "JSON",
        "json",
        '{\n  "name": "~",\n  "age": @,\n  "languages": ["English", "German"]\n}',
        "Keys are always in double quotes.",
    ),
    (
        "plays FizzBuzz",
        "Python",
        "python",
        'for n in range(1, @ + 1):\n    text = "Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0)\n    print(text or n)',
        "Multiples of 3 give Fizz, of 5 Buzz, of both FizzBuzz.",
    ),
    ("swaps two variables", "Python", "python", "a, b = b, a", "Python does it in one line."),
    (
        "counts the words of a text",
        "Python",
        "python",
        'text = "~ is a small word"\nprint(len(text.split()))',
        "`split` cuts the text at spaces.",
    ),
    (
        "rolls a {die|dice}",
        "Python",
        "python",
        "import random\n\nprint(random.randint(1, 6))",
        "`randint` includes both ends.",
    ),
]

_WORDS = ["pebble", "stone", "apple", "river", "notes", "hello", "garden", "window"]
_ASK = [
    "Write {a |some |}<l> {program|code|script} that <t>.",
    "{Write|Show me|Give me} <l> code that <t>.",
    "{Can|Could} you write {a |}<l> {program|code} that <t>?",
    "I need {a |}<l> {program|script|code} that <t>.",
    "<l> code that <t>{, please|}",
    "How do I write {a |}<l> {program|code} that <t>?",
    "{Write|Make} a {small|short|simple} {program|script} in <l> that <t>.",
    "A {program|script} in <l> that <t>.",
    "In <l>, write {code|a program} that <t>.",
    "Write a {function|program} in <l> that <t>.",
    "Please {write|show} {something|code} in <l> that <t>.",
    "Show how <l> code <t>.",
]


def lesson(r: Random, split: str = "train") -> Turn:
    task, language, fence, code, closing = r.choice(SNIPPETS)
    number, word = str(r.choice([3, 4, 5, 8, 10, 12, 15, 20, 30, 50, 100])), r.choice(_WORDS)
    fill = lambda text: text.replace("@", number).replace("~", word)
    task_said = fill(say(r, task))
    asks = [p.replace("<l>", language) for p in _ASK]
    if language == "Python" and r.random() < 0.2:
        asks = [
            "Write {a program|some code|code} that <t>.",
            "Code that <t>.",
            "{Write|Show me} a small program that <t>.",
        ]
    roll = r.random()
    if roll < 0.12 and "hello" in task:
        question = say(r, "{Hello world|Hello, world} in <l>{?|.|}", l=language)
    elif roll < 0.2 and language in ("Python", "C++", "JavaScript", "Bash", "SQL", "HTML", "Rust"):
        question = say(r, "{Show me|Write|Give me} {some |an example of |}<l>{ code|}.", l=language)
    else:
        question = say(r, r.choice(asks), t=task_said)
    answer = f"Here is {language} code that {task_said}:\n\n```{fence}\n{fill(code)}\n```\n\n{fill(closing)}"
    if roll < 0.2:
        answer = f"Here is a small {language} example:\n\n```{fence}\n{fill(code)}\n```\n\n{fill(closing)}"
    return Turn(
        question,
        answer,
        f"They want {language} code. It has to do this: {task_said}. I write it in a fenced block and add one sentence.",
    )
