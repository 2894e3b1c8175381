"""The least Typer program with an option: what the csv of a table is measured against."""

import typer

app = typer.Typer()


@app.command()
def main(name: str = "world") -> None:
    print(f"hello,{name}")


app()
