"""What every stage needs: errors, parameters, rows, files, the answer store, text."""
