"""A Typer program that prints a constant Rich table, as a measure of the terminal table."""

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer()


@app.command()
def main(title: str = "AlexNet") -> None:
    table = Table("layer", "units", "weights", "connections", title=title)
    for row in range(9):
        table.add_row(f"layer{row}", "290,400", "34,848", "105,415,200")
    Console().print(table)


app()
