"""What the operator needs: the doctor, the demo company."""
